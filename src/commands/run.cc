// hens run: a job from its spec to stores, reports and maps.
#include <charconv>
#include <cstdlib>
#include <iostream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "base/stop.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/finish_reports.h"
#include "commands/overrides.h"
#include "commands/run_place.h"
#include "forecast/check_spec.h"
#include "forecast/run_job.h"
#include "job/batch_system.h"
#include "model/device.h"
#include "report/fields_read.h"
#include "run/bucket_views.h"
#include "run/output_place.h"

namespace hens {
namespace {

// What --shard means, and who said so where it is auto.
BatchShard shard_of(const std::string& option) {
  if (option != "auto") return {option};
  return shard_of_batch_system([](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  });
}

// Of several processes on one machine each takes one of its GPUs, unless the spec names devices.
void take_own_gpu(const BatchShard& shard, RuntimeSpec& runtime) {
  if (!shard.local_rank || !runtime.devices.empty()) return;
  if (runtime.device != "auto" && runtime.device != "cuda") return;
  if (const auto gpus = visible_gpus(); gpus.size() > 1) runtime.device = gpus[*shard.local_rank % gpus.size()];
}

double fraction(const std::string& text) {
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && rest == text.data() + text.size() && value >= 0 && value <= 1) return value;
  fail(ExitCode::usage, "--check {}: expected a fraction of the members, 0 to 1, as 0.1", text);
}

RunOptions run_options(const CommandLine& line, const JobSpec& spec, const std::string& shard) {
  RunOptions options;
  options.output = line.text("output", default_output(spec.name, container_results()).string());
  options.force_new_run = line.has("force-new-run");
  if (options.force_new_run && !spec.runtime.results.empty()) {
    fail(ExitCode::usage, "--force-new-run: sets a folder aside, and nothing in {}: give another prefix",
         spec.runtime.results);
  }
  if (line.has("check")) options.check = fraction(line.text("check"));
  if (!shard.empty()) options.selection = parse_shard(shard, options.selection);
  if (line.has("members")) options.selection.members = parse_members(line.text("members"));
  std::string text;
  if (line.has("members")) text += "members " + line.text("members");
  if (!shard.empty()) text += (text.empty() ? "shard " : ", shard ") + shard;
  if (!text.empty()) options.selection_text = text;
  return options;
}

// What is only worth doing when nothing is left to be done.
void end_with_bucket(ResultsBucket& bucket, const fs::path& folder, const JobSpec& spec, bool all_complete) {
  if (!all_complete) return;
  bucket.end_all_leftovers();
  if (!spec.runtime.keep_local) drop_fields(bucket, folder, spec);
}

}  // namespace

int run_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  CommandLine line(
      "hens run JOB.yaml [a.b=c]... [options]",
      "Runs the job, or finishes what an earlier run of the same command left unfinished. a.b=c overrides a\n"
      "key of the spec, the value read as YAML.",
      "hens run jobs/demo.yaml ensemble.members=4 forecast.steps=[8]");
  line.options().add_options()("output", po::value<std::string>()->value_name("DIR"),
                               "where the run lies (default runs/<job name>; in the image\n"
                               "/results/<job name> where /results is mounted)")(
      "members", po::value<std::string>()->value_name("LIST"), "only these members: 17,42 or 0-9")(
      "shard", po::value<std::string>()->value_name("I/N"),
      "only part I of N, I from 0; all parts may share DIR. auto: as the\n"
      "batch system says (Kubernetes, AWS Batch, Slurm, MPI, PBS, ...)")(
      "device", po::value<std::string>()->value_name("NAME"),
      "cpu or cuda:K: that one alone; cuda: all GPUs of the host, or an\nerror; auto (the default): all GPUs, or the "
      "CPU")("check", po::value<std::string>()->value_name("F"),
             "steps a fraction F of the members, 0 to 1, on the reference engine, too, and reports how far\n"
             "the forecasts differ (log, run.json)")("force-new-run", "set what DIR holds aside and start anew")(
      "results", po::value<std::string>()->value_name("s3://BUCKET/PREFIX"),
      "results go there, too, as they complete; a rerun on any machine goes\non from there (docs/s3.md)");
  add_set_option(line);
  line.add_cache_options();
  line.add_log_option();
  if (!line.parse(arguments, 1, 1000)) return 0;

  std::vector<std::string> overrides = spec_overrides(line);
  const BatchShard shard = line.has("shard") ? shard_of(line.text("shard")) : BatchShard{};
  if (line.has("device")) {
    overrides.push_back("runtime.device=" + line.text("device"));
    if (line.text("device") != "cuda") overrides.push_back("runtime.devices=auto");  // else the spec may choose GPUs
  }
  if (line.has("results")) overrides.push_back("runtime.results=" + line.text("results"));
  JobSpec spec = load_checked_spec(line.positional().front(), overrides);
  take_own_gpu(shard, spec.runtime);
  RunOptions options = run_options(line, spec, shard.shard);

  install_stop_signals();
  Log log(line.log_format());
  if (!shard.system.empty()) {
    log.info("shard", {{"shard", shard.shard}, {"batch_system", shard.system}, {"told_by", shard.told}});
  }
  check_may_write(options.output, spec.name, container_results());
  if (const std::string lost = lost_results_warning(options.output, spec.name, container_results()); !lost.empty()) {
    log.warn("results_are_lost", {{"message", lost}});
  }
  const DownloadOptions downloads = line.download_options(spec.mirrors);
  options.worker_command = {"/proc/self/exe", "worker", "--cache", downloads.cache.string()};
  if (downloads.offline) options.worker_command.push_back("--offline");
  Downloader downloader(downloads, log);
  const std::unique_ptr<ResultsBucket> bucket = open_results_bucket(spec.runtime, log);
  options.bucket = bucket.get();
  options.read_later = fields_of_reports(spec);
  const RunResult result = run_job(spec, options, downloader, log);
  const Manifest manifest = result.all_complete ? finish_reports(options.output, bucket.get(), log) : result.manifest;
  if (bucket) end_with_bucket(*bucket, options.output, spec, result.all_complete);
  print_outcome(options.output, manifest, spec.runtime.keep_local ? options.output : fs::path(spec.runtime.results));
  const bool whole_job = !line.has("members") && !line.has("shard");
  if (result.exit_code == ExitCode::ok && whole_job && !result.all_complete) {
    fail(ExitCode::io, "{}: members that this run completed are not complete there: was the folder changed? Run again",
         options.output.string());
  }
  return static_cast<int>(result.exit_code);
}

}  // namespace hens
