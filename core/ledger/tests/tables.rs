//! The ledger's rules as tables of text: a row a command, its answer at the end, then the balances.
//!
//! ```text
//! open    cash  CNY  credits<=debits       an account and its bound (free, debits<=credits, credits<=debits)
//! 1  post cash  owed 100       -> ok       debit, credit, amount
//! 2  hold owed  cash 60 due 9  -> ok       without `due` it never expires
//! 3  post_hold 2 50                        a row without an answer makes one chain with the next
//! 4  void_hold 2               -> hold_already_posted at 1
//! 5  expire_hold 2 now 9       -> hold_already_posted
//! sums    owed  debits 0+50 credits 0+100  pending+posted
//! ```
//!
//! After every answer the books balance, a refusal has changed nothing, and `check` said the same before.

mod table;

use table::run;

#[test]
fn a_transfer_moves_value_between_two_accounts() {
    run("
        open    cash  CNY  credits<=debits
        open    owed  CNY  debits<=credits
        1  post cash  owed 100  -> ok
        2  post owed  cash 40   -> ok
        sums    cash  debits 0+100 credits 0+40
        sums    owed  debits 0+40  credits 0+100
    ");
}

#[test]
fn a_refused_entry_names_the_first_thing_wrong() {
    run("
        open    cash  CNY      free
        open    owed  CNY      free
        open    air   AIR.CTCC free
        1  post ghost ghost 0   -> amount_is_zero
        2  post ghost ghost 1   -> debit_account_unknown
        3  post cash  ghost 1   -> credit_account_unknown
        4  post cash  cash  1   -> accounts_are_the_same
        5  post cash  air   1   -> assets_differ
        6  hold cash  air   1   -> assets_differ
        7  hold cash  owed  0   -> amount_is_zero
        8  post_hold 99 0       -> amount_is_zero
        9  post_hold 99 1       -> hold_not_open
        10 void_hold 99         -> hold_not_open
        11 expire_hold 99 now 5 -> hold_not_open
        sums    cash  debits 0+0 credits 0+0
    ");
}

#[test]
fn what_we_owe_is_not_spent_twice() {
    run("
        open    cash  CNY  free
        open    owed  CNY  debits<=credits
        1  post cash  owed 100  -> ok
        2  post owed  cash 101  -> exceeds_credits
        3  hold owed  cash 60   -> ok
        4  post owed  cash 41   -> exceeds_credits
        5  hold owed  cash 41   -> exceeds_credits
        6  post owed  cash 40   -> ok
        7  void_hold 3          -> ok
        8  post owed  cash 60   -> ok
        9  post owed  cash 1    -> exceeds_credits
        sums    owed  debits 0+100 credits 0+100
    ");
}

#[test]
fn what_we_have_is_not_paid_twice() {
    run("
        open    bank  CNY  credits<=debits
        open    float CNY  free
        1  post float bank 1    -> exceeds_debits
        2  post bank  float 100 -> ok
        3  hold float bank 100  -> ok
        4  post float bank 1    -> exceeds_debits
        5  post_hold 3 70       -> ok
        6  post float bank 30   -> ok
        7  post float bank 1    -> exceeds_debits
        sums    bank  debits 0+100 credits 0+100
    ");
}

#[test]
fn value_on_its_way_in_cannot_be_spent_yet() {
    run("
        open    cash  CNY  free
        open    owed  CNY  debits<=credits
        1  hold cash  owed 100  -> ok
        2  post owed  cash 1    -> exceeds_credits
        3  post_hold 1 100      -> ok
        4  post owed  cash 100  -> ok
        sums    owed  debits 0+100 credits 0+100
    ");
}

#[test]
fn a_debit_bound_is_named_before_a_credit_bound() {
    run("
        open    owed  CNY  debits<=credits
        open    bank  CNY  credits<=debits
        1  post owed  bank 1    -> exceeds_credits
    ");
}

#[test]
fn a_hold_has_exactly_one_end() {
    run("
        open    a  CNY  free
        open    b  CNY  free
        1  hold a  b 100 due 1000   -> ok
        sums    a  debits 100+0 credits 0+0
        2  post_hold 1 101          -> amount_exceeds_hold
        3  expire_hold 1 now 999    -> hold_not_due
        4  post_hold 1 30           -> ok
        sums    a  debits 0+30  credits 0+0
        sums    b  debits 0+0   credits 0+30
        5  post_hold 1 30           -> hold_already_posted
        6  void_hold 1              -> hold_already_posted
        7  hold a  b 5 due 1000     -> ok
        8  expire_hold 7 now 1000   -> ok
        9  void_hold 7              -> hold_already_expired
        10 hold a  b 5              -> ok
        11 expire_hold 10 now 99999 -> hold_not_due
        12 void_hold 10             -> ok
        13 expire_hold 10 now 99999 -> hold_already_voided
        sums    a  debits 0+30  credits 0+0
    ");
}

#[test]
fn a_chain_counts_whole_or_not_at_all() {
    run("
        open    cash  CNY      free
        open    owed  CNY      debits<=credits
        open    fees  CNY      free
        1  post cash  owed 96
        2  post cash  fees 4
        3  post owed  cash 97     -> exceeds_credits at 2
        sums    cash  debits 0+0 credits 0+0
        1  post cash  owed 96
        2  post cash  fees 4
        3  post owed  cash 96     -> ok
        sums    cash  debits 0+100 credits 0+96
        sums    fees  debits 0+0   credits 0+4
    ");
}

#[test]
fn a_chain_sees_its_own_transfers() {
    run("
        open    a  CNY  free
        open    b  CNY  debits<=credits
        open    c  CNY  free
        1  hold a  b 50
        2  post_hold 1 50
        3  post b  c 50
        4  void_hold 1        -> hold_already_posted at 3
        1  hold a  b 50
        2  void_hold 1
        3  hold a  b 20
        4  post_hold 3 20
        5  post b  c 20       -> ok
        sums    b  debits 0+20 credits 0+20
        sums    a  debits 0+20 credits 0+0
    ");
}

#[test]
fn ids_only_grow() {
    run("
        open    a  CNY  free
        open    b  CNY  free
        0  post a  b 1        -> id_already_used
        5  post a  b 1        -> ok
        5  post a  b 1        -> id_already_used
        4  post a  b 1        -> id_already_used
        7  post a  b 1
        6  post a  b 1        -> id_already_used at 1
        6  post a  b 1
        7  post a  b 1        -> ok
        5  post a  b 0        -> id_already_used
        sums    a  debits 0+3 credits 0+0
    ");
}

#[test]
fn a_refused_id_may_be_used_again() {
    run("
        open    a  CNY  free
        open    b  CNY  free
        3  post a  b 0        -> amount_is_zero
        3  post a  b 1        -> ok
    ");
}

#[test]
fn a_repeated_hold_is_told_that_it_exists() {
    run("
        open    a  CNY  free
        open    b  CNY  free
        2  hold a  b 9 due 7  -> ok
        2  hold a  b 9 due 7  -> exists
        2  hold a  b 8 due 7  -> id_already_used
        2  hold a  b 9 due 8  -> id_already_used
        2  hold b  a 9 due 7  -> id_already_used
        3  post_hold 2 4      -> ok
        2  hold a  b 9 due 7  -> exists
        3  post_hold 2 4      -> id_already_used
        1  hold a  b 9 due 7  -> id_already_used
        sums    a  debits 0+4 credits 0+0
    ");
}

#[test]
fn sums_stay_within_64_bits() {
    run("
        open    a  CNY  free
        open    b  CNY  free
        open    c  CNY  free
        1  post a  b 18446744073709551615  -> ok
        2  post a  c 1                     -> sum_overflow
        3  post c  b 1                     -> sum_overflow
        4  hold a  c 1                     -> sum_overflow
        5  post c  a 1                     -> ok
        sums    a  debits 0+18446744073709551615 credits 0+1
    ");
}

/// A hold that could never be posted would be value that nobody can move: the room is kept when it is made.
#[test]
fn a_hold_keeps_the_room_that_its_posting_needs() {
    run("
        open    a  CNY  free
        open    b  CNY  free
        1  hold a  b 18446744073709551615  -> ok
        2  post a  b 1                     -> sum_overflow
        3  hold a  b 1                     -> sum_overflow
        4  post_hold 1 18446744073709551615 -> ok
        sums    a  debits 0+18446744073709551615 credits 0+0
    ");
}

#[test]
fn airtime_cashed_out_at_four_percent_leaves_both_positions_at_zero() {
    run("
        open    taken     AIR.CTCC credits<=debits
        open    airtime   AIR.CTCC free
        open    position  CNY      free
        open    payable   CNY      debits<=credits
        open    fees      CNY      debits<=credits
        open    reserve   CNY      credits<=debits
        open    float     CNY      free
        1  post reserve   float   10000
        2  post taken     airtime 10000
        3  post position  payable 9600
        4  post position  fees    400
        5  hold payable   reserve 9600  -> ok
        6  post_hold 5 9600             -> ok
        7  post reserve   position 10000
        8  post airtime   taken    10000 -> ok
        sums    position  debits 0+10000 credits 0+10000
        sums    airtime   debits 0+10000 credits 0+10000
        sums    payable   debits 0+9600  credits 0+9600
        sums    reserve   debits 0+20000 credits 0+9600
    ");
}
