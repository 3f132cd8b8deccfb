#include <iostream>

#include "base/error.h"
#include "base/stop.h"
#include "ec2/commands.h"
#include "ec2/job_file.h"
#include "ec2/launch.h"
#include "ec2/remote_results.h"

namespace hens::ec2 {
namespace {

// A finished job's results are not written over; an unfinished one's are continued.
void check_place(const Aws& aws, const std::string& results) {
  const auto status = read_remote_status(aws, results);
  if (!status) return;
  if (status->finished() && status->exit_code == 0) {
    fail(ExitCode::bad_spec,
         "{} has the results of a finished job: `hens-ec2 fetch --results {}` brings them; give "
         "another place for another job",
         results, results);
  }
  std::cerr << fmt::format("{}: a job there is {}, exit code {}: this one continues it\n", results, status->state,
                           status->exit_code);
}

}  // namespace

int submit_command(const Arguments& arguments) {
  Options options("hens-ec2 submit JOB.yaml --image IMAGE --results S3URI --instance-profile NAME [OPTIONS]",
                  "One job and off: launches a machine that pulls the image, runs the job, uploads its results and "
                  "terminates itself. No SSH, no key, no open port; `hens-ec2 fetch` brings results and exit code.",
                  "hens-ec2 submit jobs/benchmark.yaml --image registry.example.com/hens@sha256:... --results "
                  "s3://bucket/run1 --instance-profile hens-results");
  add_launch_options(options);
  if (!options.parse(arguments, 1, 1)) return 0;
  const JobText job = read_job(options.positional()[0]);
  const LaunchOptions launching = read_launch_options(options);
  for (const char* needed : {"image", "results", "instance-profile"}) {
    if (!options.has(needed)) fail(ExitCode::usage, "--{} is needed: `hens-ec2 submit --help` has an example", needed);
  }
  const Aws aws(launching.region, launching.profile);
  aws.caller();  // bad credentials are told best here: S3 has but a number for them
  check_place(aws, launching.results);
  const auto instance = launch(aws, launching, job);
  if (!instance) return 0;
  const std::string number = value_of(instance->tags, tag::launch);
  LocalState(value_of(instance->tags, tag::owner), aws.region(), launching.name)
      .set_job({{"launch", number}, {"results", launching.results}, {"instance", instance->id}});
  std::cout << fmt::format("{}  {}  launch {}\nresults:  {}\nbring:    hens-ec2 fetch --wait{}\n", launching.name,
                           instance->id, number, launching.results,
                           options.has("name") ? " --name " + launching.name : "");
  if (stop_requested()) {
    fail(
        ExitCode::interrupted,
        "stopped by a signal, too late: {} is launched, runs the job and costs money until it ends: `hens-ec2 teardown "
        "--name {} --region {}` ends it now",
        instance->id, launching.name, aws.region());
  }
  return 0;
}

}  // namespace hens::ec2
