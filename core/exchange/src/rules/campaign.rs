//! Campaigns: promotional airtime that comes with orders, as rows of data.
//!
//! A reward is shown in a quote and accepted with it, so that nobody takes one unseen. What is promised counts on the
//! same counters as limits do, from the deciding record on: budget and caps are never exceeded by orders at once, and
//! what an order gives back it gives back to the counters it came from.

use super::licence::ProvinceSet;
use super::policy::Policy;
use super::refused::{Detail, Refused};
use super::region::ProductSet;
use facts::{
    Count, Counter, Counters, Day, Key16, Measure, Meter, PersonId, Product, Province, Refusal, Reward, Shared,
    Subject, Window,
};
use minicbor::{Decode, Encode};
use money::{Ppm, Ratio, Telco};

/// A row of `campaigns.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Names its counters and its account for ever.
    pub number: u16,
    /// What staff call it.
    pub name: String,
    /// What customers are shown.
    pub title: Title,
    /// The products that it comes with.
    pub products: ProductSet,
    /// The telcos whose numbers get it, in wire order.
    pub telcos: [bool; Telco::ALL.len()],
    /// Where the numbers that get it are at home.
    pub homes: ProvinceSet,
    /// Its first day, of business time.
    pub valid_from: Day,
    /// Its last day.
    pub valid_to: Day,
    /// The least amount that it comes with.
    pub least_amount: u64,
    /// What it gives.
    pub gives: Gives,
    /// How many days after the arrival day the reward can be used, if the order is settled by then.
    pub usable_days_after_arrival: u32,
    /// The most that everybody together gets, in fen.
    pub budget_fen: u64,
    /// The most that a person gets, in fen.
    pub person_most_fen: u64,
    /// How many orders of a person it comes with at most.
    pub person_most_orders: u64,
    /// When more rewarded persons than this share something, somebody looks.
    pub review_above: u64,
}

/// The words that customers are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// How much a reward is, in fen of airtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// The same with every order.
    Fixed {
        /// Fen.
        fen: u64,
    },
    /// A share of the amount, rounded down to the fen.
    Share {
        /// Parts per million of the amount.
        ppm: Ppm,
        /// The most, in fen.
        most_fen: u64,
    },
}

impl Gives {
    /// The greatest reward.
    pub const fn most(self) -> u64 {
        match self {
            Gives::Fixed { fen } => fen,
            Gives::Share { most_fen, .. } => most_fen,
        }
    }

    /// The reward of an amount.
    pub fn of(self, amount: u64) -> u64 {
        match self {
            Gives::Fixed { fen } => fen,
            Gives::Share { ppm, most_fen } => {
                let rate = Ratio::new(u64::from(ppm.parts()), u64::from(Ppm::ONE.parts()));
                // A share that leaves 64 bits is above any most.
                rate.and_then(|rate| rate.of_floor(amount)).map_or(most_fen, |(share, _)| share.min(most_fen))
            }
        }
    }
}

/// What campaigns look at: who asks for what, where and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// For what.
    pub product: Product,
    /// How much, in fen.
    pub amount: u64,
    /// The day of the request.
    pub on: Day,
    /// The day on which the order arrives.
    pub arrives_on: Day,
    /// Whose number it is.
    pub telco: Telco,
    /// Where the number is at home.
    pub home: Province,
    /// Who.
    pub person: PersonId,
}

/// What a person shares with others who may be the same, by keyed digest; all zero where nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Marks {
    /// The card that the money goes to.
    #[n(0)]
    pub card: Key16,
    /// The first seven digits of the number.
    #[n(1)]
    pub block: Key16,
}

impl Campaign {
    /// Whether a request is one that the campaign comes with.
    pub fn is_for(&self, candidate: &Candidate) -> bool {
        let Candidate { product, amount, on, telco, home, .. } = *candidate;
        let valid = self.valid_from <= on && on <= self.valid_to;
        let eligible = self.products.contains(product) && self.telcos[telco as usize] && self.homes.contains(home);
        valid && eligible && amount >= self.least_amount
    }

    /// What may still be promised to a person, in fen.
    pub fn left_for(&self, counters: &Counters, person: PersonId) -> u64 {
        let used = |measure, subject| counters.used(&self.counter(measure, subject));
        if used(Measure::Orders, Subject::Person(person)) >= self.person_most_orders {
            return 0;
        }
        let theirs = self.person_most_fen.saturating_sub(used(Measure::Fen, Subject::Person(person)));
        theirs.min(self.left(counters))
    }

    /// What may still be promised to anybody, in fen.
    pub fn left(&self, counters: &Counters) -> u64 {
        self.budget_fen.saturating_sub(self.promised(counters))
    }

    /// What was promised and not withdrawn, in fen: delivered or to come.
    pub fn promised(&self, counters: &Counters) -> u64 {
        counters.used(&self.counter(Measure::Fen, Subject::Everybody))
    }

    /// With how many orders it came.
    pub fn orders(&self, counters: &Counters) -> u64 {
        counters.used(&self.counter(Measure::Orders, Subject::Everybody))
    }

    /// How many persons got something.
    pub fn persons(&self, counters: &Counters) -> u64 {
        let persons = counters.of_campaign(self.number, Measure::Orders);
        persons.filter(|(counter, _)| matches!(counter.subject, Subject::Person(_))).count() as u64
    }

    /// What rewarded persons share, where more of them do than the campaign lets pass, the most shared first.
    pub fn clusters(&self, counters: &Counters) -> Vec<Cluster> {
        let mut clusters: Vec<Cluster> = Vec::new();
        for (counter, orders) in counters.of_campaign(self.number, Measure::Orders) {
            let Subject::Sharer(shared, _) = counter.subject else { continue };
            match clusters.last_mut().filter(|last| last.shared == shared) {
                Some(last) => (last.persons, last.orders) = (last.persons + 1, last.orders.saturating_add(orders)),
                None => clusters.push(Cluster { shared, persons: 1, orders }),
            }
        }
        clusters.retain(|cluster| cluster.persons > self.review_above);
        clusters.sort_by_key(|cluster| (core::cmp::Reverse(cluster.persons), cluster.shared));
        clusters
    }

    fn counter(&self, measure: Measure, subject: Subject) -> Counter {
        counter(self.number, measure, subject)
    }
}

/// Rewarded persons who share something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// What they share.
    pub shared: Shared,
    /// How many they are.
    pub persons: u64,
    /// With how many orders they were rewarded.
    pub orders: u64,
}

const fn counter(campaign: u16, measure: Measure, subject: Subject) -> Counter {
    Counter { meter: Meter::Campaign(campaign, measure), subject, window: Window::Always }
}

impl Policy {
    /// The reward that a request would be quoted: that of the one campaign which comes with it, if all of it is left.
    pub fn reward(&self, candidate: &Candidate, counters: &Counters) -> Option<Reward> {
        let campaign = self.campaigns().iter().find(|campaign| campaign.is_for(candidate))?;
        let amount = campaign.gives.of(candidate.amount);
        let left = campaign.left_for(counters, candidate.person);
        let usable_from = Day::from_count(candidate.arrives_on.count() + campaign.usable_days_after_arrival);
        (0 < amount && amount <= left).then(|| Reward {
            campaign: campaign.number,
            name: campaign.name.clone(),
            amount,
            usable_from,
        })
    }

    /// Checks that a reward which a quote showed is still to be had, by the policy that decides now. Whether the
    /// campaign would be offered now is not asked: the quote said so.
    ///
    /// Errors: `reward_unavailable`, with what is left.
    pub fn check_reward(&self, reward: &Reward, person: PersonId, counters: &Counters) -> Result<(), Refused> {
        let left = self.campaign(reward.campaign).map_or(0, |campaign| campaign.left_for(counters, person));
        if reward.amount <= left {
            return Ok(());
        }
        let detail = Detail::Reward { shown: reward.amount, left };
        Err(Refused { refusal: Refusal::RewardUnavailable, detail })
    }
}

/// What a promised reward adds to the counters of its campaign.
pub fn reward_counts(reward: &Reward, person: PersonId, shared: impl IntoIterator<Item = Shared>) -> Vec<Count> {
    let sharers = shared.into_iter().map(|shared| Subject::Sharer(shared, person));
    let who = [Subject::Everybody, Subject::Person(person)];
    let fen = who.map(|subject| (Measure::Fen, subject, reward.amount)).into_iter();
    let orders = who.into_iter().chain(sharers).map(|subject| (Measure::Orders, subject, 1));
    let counted = fen.chain(orders);
    counted.map(|(measure, who, amount)| Count { counter: counter(reward.campaign, measure, who), amount }).collect()
}
