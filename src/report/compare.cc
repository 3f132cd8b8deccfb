#include "report/compare.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <set>

#include "base/error.h"

namespace hens {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

PlatformTimes platform_times(const BenchmarkLength& length, std::optional<double> price_per_hour) {
  const auto [least, most] = std::minmax_element(length.inference_times.begin(), length.inference_times.end());
  PlatformTimes times;
  times.inference_times = length.inference_times;
  times.time = mean(length.inference_times);
  times.time_per_step = mean(length.time_per_step);
  times.variance = *most - *least;
  times.variance_fraction = times.variance / *least;
  if (price_per_hour) {
    times.cost = *price_per_hour * times.time * static_cast<double>(length.inference_times.size()) / 3600.0;
  }
  return times;
}

std::vector<ComparedLength> all_lengths(const std::vector<BenchmarkFile>& files) {
  std::set<int> steps;
  for (const BenchmarkFile& file : files) {
    for (const BenchmarkLength& length : file.lengths) steps.insert(length.nsteps);
  }
  std::vector<ComparedLength> lengths;
  for (const int nsteps : steps) {
    ComparedLength& compared = lengths.emplace_back();
    compared.nsteps = nsteps;
    for (const BenchmarkFile& file : files) {
      auto& times = compared.platforms.emplace_back();
      for (const BenchmarkLength& length : file.lengths) {
        if (length.nsteps != nsteps) continue;
        compared.forecast_hours = length.forecast_hours;
        times = platform_times(length, file.price_per_hour);
      }
    }
  }
  return lengths;
}

std::string steps_of(const BenchmarkFile& file) {
  std::string text;
  for (const BenchmarkLength& length : file.lengths)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", length.nsteps);
  return text;
}

int longest_common(const std::vector<BenchmarkFile>& files, const std::vector<ComparedLength>& lengths) {
  const auto in_all = [](const ComparedLength& length) {
    return std::all_of(length.platforms.begin(), length.platforms.end(), [](const auto& times) { return !!times; });
  };
  const auto found = std::find_if(lengths.rbegin(), lengths.rend(), in_all);
  if (found != lengths.rend()) return static_cast<int>(lengths.rend() - found) - 1;
  std::string has;
  for (const BenchmarkFile& file : files) has += fmt::format("; {} has {}", file.file.string(), steps_of(file));
  fail(ExitCode::bad_input, "benchmarks: no nsteps is in all files{}: compare runs that share a length", has);
}

// The platforms' own names, told apart by instance type, by cards and then by file where two are the same.
std::vector<std::string> distinct_names(const std::vector<BenchmarkFile>& files) {
  const auto tell_apart = [&](std::vector<std::string> names, auto suffix) {
    const std::vector<std::string> given = names;
    for (size_t i = 0; i < files.size(); ++i) {
      if (std::count(given.begin(), given.end(), given[i]) > 1) names[i] += suffix(i);
    }
    return names;
  };
  std::vector<std::string> names;
  for (const BenchmarkFile& file : files) names.push_back(file.platform);
  names = tell_apart(names, [&](size_t i) {
    return files[i].instance_type.empty() ? "" : fmt::format(" {}", files[i].instance_type);
  });
  names = tell_apart(names,
                     [&](size_t i) { return files[i].card.empty() ? "" : fmt::format(" {}", files[i].cards_text()); });
  return tell_apart(names, [](size_t i) { return fmt::format(" #{}", i + 1); });
}

template <typename Get>
void note_difference(Comparison& comparison, const std::string& what, Get get) {
  std::set<std::string> values;
  std::string text;
  for (size_t i = 0; i < comparison.files.size(); ++i) {
    const std::string value = get(comparison.files[i]);
    values.insert(value);
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", comparison.names[i], value);
  }
  if (values.size() > 1) comparison.notes.push_back(fmt::format("Not like for like: {} differs ({}).", what, text));
}

void find_winner(Comparison& comparison) {
  const auto& platforms = comparison.lengths[comparison.summary].platforms;
  std::vector<int> order(platforms.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return platforms[a]->time < platforms[b]->time; });
  if (platforms[order[0]]->time == platforms[order[1]]->time) return;
  comparison.winner = order[0];
  comparison.faster = 1.0 - platforms[order[0]]->time / platforms[order[1]]->time;
}

}  // namespace

Comparison compare_platforms(std::vector<BenchmarkFile> files) {
  assert(files.size() >= 2);
  Comparison comparison;
  comparison.files = std::move(files);
  comparison.names = distinct_names(comparison.files);
  comparison.lengths = all_lengths(comparison.files);
  comparison.summary = longest_common(comparison.files, comparison.lengths);
  find_winner(comparison);
  note_difference(comparison, "nensemble", [](const BenchmarkFile& file) { return fmt::to_string(file.nensemble); });
  note_difference(comparison, "start_date", [](const BenchmarkFile& file) { return file.start_date; });
  note_difference(comparison, "the number of models", [&](const BenchmarkFile& file) {
    return fmt::to_string(file.lengths.front().inference_times.size());
  });
  const auto several = [](const BenchmarkFile& file) { return file.cards > 1; };
  if (std::ranges::any_of(comparison.files, several)) {
    comparison.notes.push_back(
        "Times by NSTEPS are sums over members, whatever shared them out: what several GPUs save is in Total Time.");
  }
  return comparison;
}

}  // namespace hens
