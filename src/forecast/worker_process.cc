#include "forecast/worker_process.h"

#include <iostream>
#include <mutex>
#include <unistd.h>

#include "base/child_process.h"
#include "base/error.h"
#include "base/stop.h"
#include "forecast/hardware.h"
#include "forecast/stop_deadline.h"
#include "forecast/worker_messages.h"
#include "model/device.h"
#include "model/threads.h"
#include "run/run_folder.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

// Standard output, a line at a time. Thread-safe.
class Mouth {
 public:
  void say(const Json& message) {
    const std::string line = message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    const std::lock_guard guard(mutex_);
    std::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail(ExitCode::interrupted, "the run that this worker belongs to has ended");
      rest.remove_prefix(static_cast<size_t>(written));
    }
  }

 private:
  std::mutex mutex_;
};

// Members' ends: durable ones get their markers here, the run is told of all.
class ToldRecords final : public MemberRecords {
 public:
  ToldRecords(RunFolder& folder, Mouth& mouth) : folder_(folder), mouth_(mouth) {}
  void complete(const MemberId& id, std::vector<StoredFile> files, const MemberTime& time) override {
    folder_.complete(id, std::move(files), time);
    mouth_.say({{"complete", to_json(id)}, {"time", to_json(time)}});
  }
  void record_failed(const MemberFailure& failure) override { mouth_.say({{"failed", to_json(failure)}}); }

 private:
  RunFolder& folder_;
  Mouth& mouth_;
};

Json next_message() {
  std::string line;
  if (!std::getline(std::cin, line)) return {{"end", true}};
  return Json::parse(line);
}

void work(DownloadOptions downloads, Mouth& mouth, Log& log) {
  const WorkerTask task = worker_task_from(next_message().at("job"));
  const JobSpec& spec = task.run.spec;
  use_threads(spec.runtime.threads);
  const PatientThreads patience;
  const at::Device device = open_device(task.device);
  downloads.s3_mirror = spec.mirrors.s3;
  downloads.hf_mirror = spec.mirrors.hf;
  downloads.https_mirror = spec.mirrors.https;
  Downloader downloader(downloads, log);
  JobModels models = open_models(spec, downloader, log);
  if (models.digests != task.run.model_digests) {
    fail(ExitCode::bad_input, "a model package changed while the run began: run again once nobody writes to it");
  }
  const std::unique_ptr<Source> source = open_source(spec.initial_conditions, downloader, log);
  RunFolder folder(task.root, task.run, log);
  folder.join_attempt(task.attempt);
  ToldRecords records(folder, mouth);
  const std::vector<RunStore> stores = open_stores(folder.root(), spec, folder.identity().facts());
  mouth.say({{"ready", to_json(find_hardware(device))}});

  const PartsTarget parts{folder.root(), task.run, task.attempt};
  const WorkerJob job{spec, models, *source, downloader, records, log, stores, parts, task.engine, task.check};
  Worker worker(job, device, [&](int, int, int members) { mouth.say({{"steps", members}}); });
  for (mouth.say({{"idle", true}}); true; mouth.say({{"idle", true}})) {
    const Json message = next_message();
    stop_if_requested();
    if (message.contains("end")) break;
    const ItemMessage block = item_message_from(message.at("block"));
    worker.run(block.block, block.next_model);
  }
  worker.finish();
  Json sources = Json::array();
  for (const SourceRecord& record : source->records()) sources.push_back(to_json(record));
  Json report = to_json(worker.report());
  mouth.say({{"report", std::move(report)}, {"sources", std::move(sources)}, {"peak_host_bytes", peak_host_bytes()}});
}

}  // namespace

int serve_as_worker(int parent, const DownloadOptions& downloads) {
  end_with_parent(parent);
  install_stop_signals();
  const StopDeadline deadline;
  Mouth mouth;
  Log log(LogFormat::json);
  try {
    work(downloads, mouth, log);
  } catch (const std::exception& error) {
    const auto* known = dynamic_cast<const Error*>(&error);
    const int code = static_cast<int>(known ? known->code() : ExitCode::bug);
    try {
      mouth.say({{"error", error.what()}, {"code", code}});
    } catch (const Error&) {  // nobody listens
    }
    return code;
  }
  return 0;
}

}  // namespace hens
