//! `tongbao`: the exchange and clearing core for prepaid telecom value, in one binary.
//!
//! Floor 8: it reads the command line, finds data and policies, and calls the floors below. Data goes to
//! stdout, everything else to stderr; with `--json` the last line of stdout is one JSON object.

mod access;
mod approval;
mod arguments;
mod batch;
mod crash_test;
mod demo;
mod failure;
mod notices;
mod operate;
mod output;
mod policy;
mod sandboxes;
mod serve;
mod site;

use arguments::{Arguments, BatchCommand, Command, JournalCommand};
use clap::Parser;
use failure::Failure;
use output::Output;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    output::start_log(arguments.quiet);
    let output = Output::new(arguments.json);
    match run(arguments.command, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Serve(options) => serve::serve(options),
        Command::Policy { command } => policy::policy(&command, output),
        Command::Approval { command } => approval::approval(&command, output),
        Command::Access { command } => access::access(&command, output),
        Command::Demo(options) => demo::demo(&options, output),
        Command::CrashTest(options) => crash_test::crash_test(&options, output),
        Command::Sandbox(options) => sandboxes::sandbox(options),
        Command::Batch { command: BatchCommand::Run(options) } => batch::run(&options, output),
        Command::Audit(options) => operate::audit::audit(&options, output),
        Command::RebuildViews(options) => operate::rebuild::rebuild_views(&options, output),
        Command::Journal { command: JournalCommand::Inspect(options) } => operate::inspect::inspect(&options, output),
        Command::Vault { command } => operate::vault::vault(&command, output),
        Command::Backup(options) => operate::copies::backup(&options, output),
        Command::Restore(options) => operate::copies::restore(&options, output),
        Command::Snapshot(options) => operate::snapshot::snapshot(&options, output),
        Command::Doctor(options) => operate::doctor::doctor(&options, output),
    }
}
