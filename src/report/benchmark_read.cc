// The reading half of benchmark_json.h: files come from other machines and other hands, so every key is checked.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "report/benchmark_json.h"

namespace hens {
namespace {

using Json = nlohmann::json;

constexpr uint64_t largest_file = uint64_t{16} << 20;
constexpr int longest_text = 120;

// A value of the document, with the path of its key for messages: benchmarks[0].nsteps.
struct Node {
  const fs::path& file;
  std::string key;
  const Json& value;

  [[noreturn]] void refuse(const std::string& expected) const {
    std::string found = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (found.size() > 60) found = found.substr(0, 57) + "...";
    fail(ExitCode::bad_input, "{}: {}: {} was expected, found {}", file.string(), key, expected, found);
  }

  Node at(const std::string& name) const {
    const std::string path = key.empty() ? name : key + "." + name;
    if (!value.contains(name)) {
      fail(ExitCode::bad_input, "{}: {}: is missing; a benchmark_results.json as `hens report` writes it was expected",
           file.string(), path);
    }
    return {file, path, value[name]};
  }

  std::vector<Node> items(const std::string& what, size_t most) const {
    if (!value.is_array() || value.empty() || value.size() > most) refuse("a list of " + what);
    std::vector<Node> nodes;
    for (size_t i = 0; i < value.size(); ++i) nodes.push_back({file, fmt::format("{}[{}]", key, i), value[i]});
    return nodes;
  }

  std::string text() const {
    const auto is_control = [](unsigned char byte) { return byte < 0x20 || byte == 0x7F; };
    if (!value.is_string()) refuse("a text");
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() > longest_text || std::any_of(text.begin(), text.end(), is_control)) {
      refuse(fmt::format("a text of one line and at most {} characters", longest_text));
    }
    return text;
  }

  double positive(const std::string& what) const {
    if (!value.is_number()) refuse(what);
    const double number = value.get<double>();
    if (!(number > 0.0) || !(number < 1e12)) refuse(what);
    return number;
  }

  int count(const std::string& what) const {
    if (!value.is_number_integer()) refuse(what);
    const double number = positive(what);
    if (number > 1e9) refuse(what);
    return static_cast<int>(number);
  }
};

std::vector<double> times(const Node& list) {
  std::vector<double> seconds;
  for (const Node& item : list.items("seconds, one a model", 10000))
    seconds.push_back(item.positive("seconds, above 0"));
  return seconds;
}

void check_against_each_other(const Node& node, const BenchmarkLength& length) {
  if (length.time_per_step.size() != length.inference_times.size()) {
    node.at("time_per_step")
        .refuse(fmt::format("as many numbers as inference_times has, {},", length.inference_times.size()));
  }
  for (size_t m = 0; m < length.time_per_step.size(); ++m) {
    const double expected = length.inference_times[m] / length.nsteps;
    // Files round to 0.01 s.
    if (!(std::abs(length.time_per_step[m] - expected) <= 0.0101 + 1e-3 * expected)) {
      node.at("time_per_step").refuse(fmt::format("inference_times / nsteps, {:.4f} for model {},", expected, m));
    }
  }
}

BenchmarkLength parse_length(const Node& node) {
  if (!node.value.is_object()) node.refuse("an object with nsteps, forecast_hours, inference_times, time_per_step");
  BenchmarkLength length;
  length.nsteps = node.at("nsteps").count("a number of steps, 1 or more");
  length.forecast_hours = node.at("forecast_hours").positive("hours, above 0");
  length.inference_times = times(node.at("inference_times"));
  length.time_per_step = times(node.at("time_per_step"));
  check_against_each_other(node, length);
  return length;
}

std::vector<BenchmarkLength> parse_lengths(const Node& list) {
  std::vector<BenchmarkLength> lengths;
  for (const Node& item : list.items("at least one length's times", 10000)) lengths.push_back(parse_length(item));
  const auto by_steps = [](const auto& a, const auto& b) { return a.nsteps < b.nsteps; };
  const auto same_steps = [](const auto& a, const auto& b) { return a.nsteps == b.nsteps; };
  std::sort(lengths.begin(), lengths.end(), by_steps);
  const auto twice = std::adjacent_find(lengths.begin(), lengths.end(), same_steps);
  if (twice != lengths.end()) {
    fail(ExitCode::bad_input, "{}: {}: nsteps {} is there twice; each length was expected once", list.file.string(),
         list.key, twice->nsteps);
  }
  return lengths;
}

}  // namespace

std::string BenchmarkFile::cards_text() const {
  if (card.empty()) return "";
  return cards > 1 ? fmt::format("{} x {}", cards, card) : card;
}

BenchmarkFile parse_benchmark_file(const fs::path& file, const std::string& text) {
  const Json document = try_parse_json<Json>(text).value_or(nullptr);
  if (!document.is_object()) {
    fail(ExitCode::bad_input, "{}: is not a JSON object; a benchmark_results.json was expected", file.string());
  }
  const Node root{file, "", document};
  BenchmarkFile result;
  result.file = file;
  result.platform = root.at("platform").text();
  if (result.platform.empty()) root.at("platform").refuse("a name");
  if (document.contains("runtime")) result.runtime = root.at("runtime").text();
  result.instance_type = root.at("instance_type").text();
  result.run_date = root.at("run_date").text();
  result.start_date = root.at("start_date").text();
  result.nensemble = root.at("nensemble").count("a number of members, 1 or more");
  result.lengths = parse_lengths(root.at("benchmarks"));
  if (document.contains("gpu")) result.card = root.at("gpu").text();
  if (document.contains("device") && !result.card.empty()) {
    const std::string devices = root.at("device").text();  // "cuda:0, cuda:1"
    result.cards = 1 + static_cast<int>(std::ranges::count(devices, ','));
  }
  result.total_time = root.at("total_time").positive("seconds, above 0");
  result.machine_time =
      document.contains("machine_time") ? root.at("machine_time").positive("seconds, above 0") : result.total_time;
  if (document.contains("price_per_hour")) result.price_per_hour = root.at("price_per_hour").positive("USD, above 0");
  return result;
}

BenchmarkFile read_benchmark_file(const fs::path& file) {
  return parse_benchmark_file(file, read_file(file, largest_file));
}

}  // namespace hens
