// What a run says while it works: events, as one line for people or one JSON object a line for machines, on stderr, and
// always as JSON in a file where one is set; and a progress bar where stderr is a terminal.
//
// Thread-safe. Events carry a name and fields; the fields' names are part of the interface for whoever reads the JSON.
#pragma once

#include <memory>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/files.h"

namespace hens {

enum class LogFormat { automatic, text, json };  // automatic: text on a terminal, JSON elsewhere

class Log {
 public:
  explicit Log(LogFormat format = LogFormat::automatic);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // From now on every event is also appended to `path` as a line of JSON, in place of a file named before. Each line is
  // one write: several processes may share the file. Throws Error{cannot_create} naming the path.
  void also_to(const fs::path& path);

  // `fields` is an object; `message` in it is the sentence for people. Each JSON line has `time`, `level` and `event`
  // before the fields; a field of one of these names gets an underscore after it.
  void info(std::string_view event, nlohmann::json fields = nlohmann::json::object());
  void warn(std::string_view event, nlohmann::json fields = nlohmann::json::object());
  void error(std::string_view event, nlohmann::json fields = nlohmann::json::object());

  // Shows work `done` of `total` (any unit, named by `unit` in the plural) with rate and time left, at most ten times a
  // second on a terminal, every 10 s and at the end as an event elsewhere. `label` says what is going on; another label
  // starts another bar. `done` only grows: what comes late from another thread is ignored.
  // `detail` may change with every call: a wide terminal shows it, and events carry it.
  void progress(std::string_view label, double done, double total, std::string_view unit, std::string_view detail = {});
  // Ends the bar's line, if one is shown.
  void end_progress();

  // A log that says nothing: for tests and library use.
  static Log& none();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hens
