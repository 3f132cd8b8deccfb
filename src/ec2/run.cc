#include <iostream>

#include "base/checksum.h"
#include "base/error.h"
#include "base/stop.h"
#include "ec2/commands.h"
#include "ec2/job_file.h"
#include "ec2/login_machine.h"
#include "ec2/results.h"

namespace hens::ec2 {
namespace {

constexpr int most_lost_connections = 20;

// Amazon's registry takes a password of twelve hours: the operator's, since the machine may have no rights of its own.
void log_in_to_registry(const Session& session, const Machine& machine, const std::string& image) {
  const std::string host = image.substr(0, image.find('/'));
  const size_t at = host.find(".dkr.ecr.");
  if (at == std::string::npos || !host.ends_with(".amazonaws.com")) return;
  const std::string home = host.substr(at + 9, host.find('.', at + 9) - at - 9);
  const std::string password = session.aws.in_region(home).text({"ecr", "get-login-password"});
  machine.demand("sudo -H docker login --username AWS --password-stdin " + shell_quoted(host), password);
}

// The log as it grows, whatever the connection does, until the job is over.
void follow(const Session& session, const Machine& machine) {
  std::string from = "+1";
  for (int lost = 0;; ++lost) {
    const int code = machine.run_attached("sudo /opt/hens-ec2/job follow " + from);
    stop_if_requested();
    if (code == 0) return;
    if (lost == most_lost_connections) fail(ExitCode::unavailable, "the connection was lost {} times", lost);
    find_login_machine(session);  // throws where it is gone
    std::cerr << "the connection was lost, trying again ...\n";
    from = "0";
    poll_pause();
  }
}

JobStatus status_of(const Machine& machine) { return parse_status(machine.demand("sudo /opt/hens-ec2/job status")); }

std::string image_of(const Options& options, const Instance& instance) {
  const std::string image = options.text("image", value_of(instance.tags, tag::image));
  if (image.empty()) fail(ExitCode::usage, "no image: give --image NAME@sha256:... here or to `hens-ec2 create`");
  check_image(image);
  return image;
}

}  // namespace

int run_command(const Arguments& arguments) {
  Options options("hens-ec2 run JOB.yaml [OPTIONS]",
                  "Runs a job on the machine that `create` launched, follows it, brings its results and ends with its "
                  "exit code. The same command again continues what was interrupted, or follows what still runs.",
                  "hens-ec2 run jobs/benchmark.yaml --image registry.example.com/hens@sha256:...");
  add_account_options(options);
  options.add("image", "IMAGE", "NAME@sha256:... (default: what `create` was given)");
  options.add("output", "DIR", "where results go, a folder a job (default: results)");
  if (!options.parse(arguments, 1, 1)) return 0;
  const JobText job = read_job(options.positional()[0]);
  const Session session(options);
  const Instance instance = find_login_machine(session);
  const std::string image = image_of(options, instance);
  const Machine machine(instance, session.state());
  machine.wait_until_ready(60);
  log_in_to_registry(session, machine, image);
  const std::string number = sha256_hex(job.text + "\n" + image).substr(0, 16);
  const ChildResult started = machine.run(
      fmt::format("sudo /opt/hens-ec2/job start {} {} {}", shell_quoted(job.name), shell_quoted(image), number),
      job.text);
  if (started.exit_code != 0) {
    fail(started.exit_code == 75 ? ExitCode::interrupted : ExitCode::unavailable, "{}: {}", instance.id, started.err);
  }
  if (value_of(instance.tags, tag::results).empty()) {
    std::cerr << "results come when this command ends: `create` had no --results, so the machine uploads nothing, and "
                 "what nobody has brought when its timer ends is lost\n";
  }
  follow(session, machine);
  const JobStatus status = status_of(machine);
  const fs::path folder = fs::path(options.text("output", "results")) / job.name;
  const bool brought = machine.bring("/var/lib/hens-ec2/log.txt", folder) &&
                       machine.bring("/var/lib/hens-ec2/output/" + job.name + "/", folder);
  show_results(folder);
  if (const std::string sentence = explain(status); !sentence.empty()) std::cerr << sentence << "\n";
  if (!brought)
    fail(ExitCode::io, "{}: not all results could be brought: the same command tries again", folder.string());
  // A service that died without a word is no success.
  return status.finished() ? status.exit_code : static_cast<int>(ExitCode::interrupted);
}

}  // namespace hens::ec2
