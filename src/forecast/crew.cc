#include "forecast/crew.h"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/stop.h"
#include "base/stopwatch.h"
#include "base/talking_child.h"

namespace hens {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

constexpr int most_restarts = 1;
constexpr auto grace = 4500ms;  // that a worker has to end after a stop: it promises four seconds itself

// Why a worker process ended before its time, where that is no fault of the job: a crash, a card's fault, a hang.
struct WorkerDied {
  std::string why;
};

class Crew {
 public:
  Crew(const WorkerTask& task, const CrewOptions& options, WorkQueue& queue, MemberRecords& records, Log& log,
       const std::function<void(size_t, int)>& on_steps, CrewResult& result)
      : task_(task),
        options_(options),
        queue_(queue),
        records_(records),
        log_(log),
        on_steps_(on_steps),
        result_(result),
        in_hand_(options.devices.size()),
        busy_(options.devices.size(), false) {
    for (const std::string& device : options_.devices) result_.shares.push_back({device});
  }

  void run() {
    {
      std::vector<std::jthread> threads;
      for (size_t k = 0; k < options_.devices.size(); ++k) threads.emplace_back([this, k] { serve_device(k); });
    }
    if (error_) std::rethrow_exception(error_);
    stop_if_requested();
    if (queue_.members_left() > 0) {
      fail(ExitCode::gpu, "no device is left to do the rest: {}; what is complete is kept: run again", result_.lost);
    }
  }

 private:
  // A worker process and what the run knows of it. Lives on one thread.
  struct Worker {
    size_t device = 0;
    TalkingChild child;
    bool reported = false;
    std::exception_ptr error;  // that it told of
    Stopwatch silence;
    explicit Worker(size_t k, const ChildCommand& command) : device(k), child(command) {}
  };

  void serve_device(size_t k) {
    try {
      while (!serve_once(k)) {
        if (result_.shares[k].restarts++ == most_restarts) return leave_out(k);
        log_.warn("worker_restarted", {{"device", options_.devices[k]}});
      }
    } catch (...) {
      const std::lock_guard guard(mutex_);
      if (!error_) error_ = std::current_exception();
      give_up_ = true;
    }
    changed_.notify_all();
  }

  void leave_out(size_t k) {
    {
      const std::lock_guard guard(mutex_);
      --result_.shares[k].restarts;
    }
    log_.error("device_left_out",
               {{"device", options_.devices[k]}, {"message", "its worker died again: the other devices do its work"}});
    changed_.notify_all();
  }

  ChildCommand command() const {
    ChildCommand command{options_.worker_command};
    command.argv.push_back(std::to_string(::getpid()));
    return command;
  }

  // One worker process from its start to its end. Returns false where it died; throws what ends the whole run.
  bool serve_once(size_t k) {
    Worker worker(k, command());
    WorkerTask task = task_;
    task.device = options_.devices[k];
    try {
      worker.child.say(Json{{"job", to_json(task)}}.dump());
      while (listen(worker)) {
      }
      return true;
    } catch (const WorkerDied& died) {
      worker.child.interrupt(SIGKILL);
      worker.child.wait();
      // What it was writing has nobody to end it; a run looks for leftovers when it begins alone.
      remove_stale_temporaries(task_.root);
      const std::vector<MemberId> lost = take_back(k);
      log_.error("worker_died", {{"device", options_.devices[k]}, {"why", died.why}, {"members_to_redo", lost.size()}});
      const std::lock_guard guard(mutex_);
      result_.lost += fmt::format("{}{}: {}", result_.lost.empty() ? "" : "; ", options_.devices[k], died.why);
      return false;
    }
  }

  // Hears one thing and answers it. Returns whether the worker goes on.
  bool listen(Worker& worker) {
    const TalkingChild::Heard heard = worker.child.hear(100ms);
    using Kind = TalkingChild::Heard::Kind;
    if (must_stop()) return stop(worker);
    if (heard.kind == Kind::end) return ended(worker);
    if (heard.kind == Kind::silence) {
      if (worker.silence.seconds() < static_cast<double>(options_.longest_silence.count())) return true;
      throw WorkerDied{fmt::format("it said nothing for {} s", options_.longest_silence.count())};
    }
    worker.silence = {};
    if (heard.kind == Kind::error) {
      relay(worker.device, heard.line);
    } else {
      take(worker, heard.line);
    }
    return true;
  }

  bool must_stop() {
    const std::lock_guard guard(mutex_);
    return give_up_ || stop_requested();
  }

  // The worker stops between two steps; what it says meanwhile still counts.
  bool stop(Worker& worker) {
    worker.child.interrupt(SIGTERM);
    worker.child.end_input();
    const Stopwatch watch;
    while (watch.seconds() < std::chrono::duration<double>(grace).count()) {
      const TalkingChild::Heard heard = worker.child.hear(100ms);
      if (heard.kind == TalkingChild::Heard::Kind::end) break;
      if (heard.kind == TalkingChild::Heard::Kind::output) take(worker, heard.line);
    }
    worker.child.interrupt(SIGKILL);
    worker.child.wait();
    return false;
  }

  // Both its streams are closed.
  bool ended(Worker& worker) {
    const int code = worker.child.wait();
    if (code == 0 && worker.reported) return false;
    if (must_stop()) return false;
    const auto is = [code](ExitCode known) { return code == static_cast<int>(known); };
    // A stop that nobody asked this process for was meant for the worker alone.
    const bool of_the_device = is(ExitCode::gpu) || is(ExitCode::bug) || is(ExitCode::interrupted);
    if (worker.error && !of_the_device && code < 128) std::rethrow_exception(worker.error);
    std::string why = code > 128 ? fmt::format("it was ended by signal {}", code - 128)
                                 : fmt::format("it ended with exit code {}", code);
    if (worker.error) {
      try {
        std::rethrow_exception(worker.error);
      } catch (const std::exception& error) {
        why = error.what();
      }
    }
    throw WorkerDied{why};
  }

  void relay(size_t k, const std::string& line) {
    nlohmann::json event = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!event.is_object() || !event.contains("event")) {
      return log_.info("worker_said", {{"device", options_.devices[k]}, {"text", line}});
    }
    const std::string name = event["event"], level = event.value("level", "info");
    for (const char* key : {"event", "level", "time"}) event.erase(key);
    if (name == "progress") return;
    event["device"] = options_.devices[k];
    if (level == "error") return log_.error(name, event);
    level == "warning" ? log_.warn(name, event) : log_.info(name, event);
  }

  void take(Worker& worker, const std::string& line) {
    Json message;
    try {
      message = Json::parse(line);
      take(worker, message);
    } catch (const nlohmann::json::exception&) {  // a library that writes to standard output, say
      log_.info("worker_said", {{"device", options_.devices[worker.device]}, {"text", line}});
    }
  }

  void take(Worker& worker, const Json& message) {
    const size_t k = worker.device;
    if (message.contains("steps")) return on_steps_(k, message["steps"]);
    if (message.contains("idle")) return hand_out(worker);
    std::unique_lock lock(mutex_);
    if (message.contains("ready")) {
      const Hardware hardware = hardware_from(message["ready"]);
      result_.shares[k].gpu = hardware.gpu;
      if (result_.hardware.device.empty()) result_.hardware = hardware;
    } else if (message.contains("complete")) {
      ++result_.members_done, ++result_.shares[k].members_done;
      const MemberId id = member_id_from(message["complete"]);
      in_hand_[k].erase(id);
      // The worker recorded it, but for its time where it has no marker that could tell it.
      if (!leaves_files(task_.run.spec)) return records_.complete(id, {}, member_time_from(message.at("time")));
      lock.unlock();  // it may wait for uploads
      records_.completed_by_worker(id);
    } else if (message.contains("failed")) {
      const MemberFailure failure = member_failure_from(message["failed"]);
      records_.record_failed(failure);
      ++result_.members_failed, ++result_.shares[k].members_failed;
      in_hand_[k].erase(failure.id);
    } else if (message.contains("report")) {
      worker.reported = true;
      add_report(k, message);
    } else if (message.contains("error")) {
      worker.error = std::make_exception_ptr(
          Error(static_cast<ExitCode>(message.at("code").get<int>()), message["error"].get<std::string>()));
    }
  }

  void add_report(size_t k, const Json& message) {
    const WorkerReport report = worker_report_from(message["report"]);
    result_.shares[k].stages = report.stages;
    result_.shares[k].peak_gpu_bytes = report.peak_gpu_bytes;
    result_.shares[k].energy_joules = report.energy_joules;
    result_.reports.push_back(report);
    result_.peak_host_bytes += message.at("peak_host_bytes").get<uint64_t>();
    for (const Json& source : message.at("sources")) {
      SourceRecord record = source_record_from(source);
      const bool known = std::ranges::any_of(result_.sources, [&](const SourceRecord& other) {
        return other.url == record.url && other.sha256 == record.sha256;
      });
      if (!known) result_.sources.push_back(std::move(record));
    }
  }

  // Gives the worker its next block, or ends it once no other is at work: what one has in hand may come back.
  void hand_out(Worker& worker) {
    std::unique_lock lock(mutex_);
    busy_[worker.device] = false;
    changed_.notify_all();
    while (true) {
      if (give_up_ || stop_requested()) return;  // listen() sees it, too
      if (const std::optional<WorkItem> block = queue_.next(static_cast<int>(worker.device))) {
        in_hand_[worker.device].insert(block->tasks.begin(), block->tasks.end());
        busy_[worker.device] = true;
        const ItemMessage message{*block, queue_.model_after(static_cast<int>(worker.device))};
        lock.unlock();
        worker.child.say(Json{{"block", to_json(message)}}.dump());
        worker.silence = {};
        return;
      }
      if (std::ranges::find(busy_, true) == busy_.end()) break;
      // What it has said meanwhile (its last members' ends) waits in its pipe, which may not fill up.
      changed_.wait_for(lock, 100ms);
      lock.unlock();
      for (auto heard = worker.child.hear(0ms); heard.kind != TalkingChild::Heard::Kind::silence;
           heard = worker.child.hear(0ms)) {
        if (heard.kind == TalkingChild::Heard::Kind::end) return;  // listen() looks into it
        heard.kind == TalkingChild::Heard::Kind::error ? relay(worker.device, heard.line) : take(worker, heard.line);
      }
      lock.lock();
    }
    lock.unlock();
    worker.child.say(Json{{"end", true}}.dump());
    worker.silence = {};
  }

  std::vector<MemberId> take_back(size_t k) {
    const std::lock_guard guard(mutex_);
    const std::vector<MemberId> lost(in_hand_[k].begin(), in_hand_[k].end());
    in_hand_[k].clear();
    busy_[k] = false;
    queue_.give_back(static_cast<int>(k), lost);
    changed_.notify_all();
    return lost;
  }

  const WorkerTask& task_;
  const CrewOptions& options_;
  WorkQueue& queue_;
  MemberRecords& records_;
  Log& log_;
  const std::function<void(size_t, int)>& on_steps_;
  CrewResult& result_;

  std::mutex mutex_;  // of what follows, and of result_
  std::condition_variable changed_;
  std::vector<std::set<MemberId>> in_hand_;  // [device]: handed out, and neither durable nor given up
  std::vector<bool> busy_;                   // [device]: its worker has a block
  std::exception_ptr error_;
  bool give_up_ = false;
};

}  // namespace

void run_crew(const WorkerTask& task, const CrewOptions& options, WorkQueue& queue, MemberRecords& records, Log& log,
              const std::function<void(size_t device, int member_steps)>& on_steps, CrewResult& result) {
  Crew(task, options, queue, records, log, on_steps, result).run();
}

}  // namespace hens
