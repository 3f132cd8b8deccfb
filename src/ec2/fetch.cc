#include <iostream>

#include "base/error.h"
#include "ec2/commands.h"
#include "ec2/launch.h"
#include "ec2/login_machine.h"
#include "ec2/remote_results.h"
#include "ec2/wait_notice.h"

namespace hens::ec2 {
namespace {

// Which job, as far as it is known: from the options, the machine's tags, the note of the last submit, in this order.
struct Wanted {
  std::string results, launch;
};

std::optional<Instance> find_machine(const Session& session, const std::string& results) {
  for (const Instance& instance : find_instances(session.aws, {session.owner, session.name})) {
    if (!instance.alive()) continue;
    if (results.empty() || value_of(instance.tags, tag::results) == results) return instance;
  }
  return std::nullopt;
}

Wanted wanted_job(const Session& session, const Options& options) {
  const std::string given = options.has("results") ? check_results(options.text("results")) : "";
  if (const auto machine = find_machine(session, given)) {
    const std::string results = value_of(machine->tags, tag::results);
    if (!results.empty())
      return {results, value_of(machine->tags, tag::way) == "job" ? value_of(machine->tags, tag::launch) : ""};
  }
  const Json note = session.state().job();
  if (note.is_object() && (given.empty() || note.value("results", "") == given)) {
    return {note.value("results", ""), note.value("launch", "")};
  }
  if (given.empty()) {
    fail(ExitCode::missing_input, "{}: no job is known here: give --results s3://BUCKET/PREFIX", session.name);
  }
  return {given, ""};
}

// The status of this launch; one that another launch left there is none.
std::optional<JobStatus> status_of(const Session& session, const Wanted& wanted) {
  auto status = read_remote_status(session.aws, wanted.results);
  if (status && !wanted.launch.empty() && status->launch != wanted.launch) return std::nullopt;
  return status;
}

// While the machine lives, the end is still to come.
std::optional<JobStatus> wait_for_end(const Session& session, const Wanted& wanted, bool wait) {
  const WaitNotice notice("the end of the job");
  while (true) {
    // Asked first: a machine that is gone afterwards had its last word before.
    const bool lives = find_machine(session, wanted.results).has_value();
    const auto status = status_of(session, wanted);
    if ((status && status->finished()) || !lives) return status;
    if (!wait) {
      fail(ExitCode::interrupted, "{}: the job is {}: --wait waits for its end", session.name,
           status ? status->state : "starting");
    }
    poll_pause();
  }
}

// The last that the machine wrote to its console, kept by EC2 for about an hour after its end.
std::string last_console_lines(const Session& session) {
  const Json note = session.state().job();
  if (!note.is_object()) return "";
  try {
    const Json answer = session.aws.call({"ec2", "get-console-output", "--instance-id", note.value("instance", "")});
    const std::string text = answer.value("Output", "");
    return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
  } catch (const AwsError&) {
    return "";
  }
}

}  // namespace

int fetch_command(const Arguments& arguments) {
  Options options("hens-ec2 fetch [OPTIONS]",
                  "Brings the results of a submitted job from S3, shows its timing report and ends with its exit code; "
                  "75 while it runs.",
                  "hens-ec2 fetch --wait --output results/benchmark");
  add_account_options(options);
  options.add("results", "S3URI", "where they are (default: what `submit` was given last under the name)");
  options.add("output", "DIR", "default: results/NAME");
  options.add_flag("wait", "wait until the job ends");
  if (!options.parse(arguments, 0, 0)) return 0;
  const Session session(options);
  const Wanted wanted = wanted_job(session, options);
  const auto status = wait_for_end(session, wanted, options.has("wait"));
  if (!status) {
    fail(ExitCode::unavailable, "{}: the machine is gone and left nothing in {}\n{}", session.name, wanted.results,
         last_console_lines(session));
  }
  const fs::path folder = options.text("output", "results/" + session.name);
  bring_results(session.aws, wanted.results, folder);
  show_results(folder);
  if (const std::string sentence = explain(*status); !sentence.empty()) std::cerr << sentence << "\n";
  // A machine that went down in the middle: what there is can be continued.
  return status->finished() ? status->exit_code : static_cast<int>(ExitCode::interrupted);
}

}  // namespace hens::ec2
