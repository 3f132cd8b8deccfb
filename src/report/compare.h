// The comparison of platforms: the same job on two or more machines, from their benchmark_results.json.
//
// A platform's time for a length is the mean over its models of inference_times; its time per step is the mean over
// models of time_per_step *as the files hold it* (the original benchmark's files round it to 0.01 s, and its published
// 10.04 s a step at NSTEPS=4 is the mean of 10.95 and 9.12, where the unrounded quotients give 10.03). "Faster" is
// 1 - a / b against the runner-up; variance is max - min over models, in seconds and as a fraction of the smaller.
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "report/benchmark_json.h"

namespace hens {

struct PlatformTimes {
  std::vector<double> inference_times;  // [model] seconds
  double time = 0.0;                    // seconds
  double time_per_step = 0.0;           // seconds
  double variance = 0.0;                // seconds
  double variance_fraction = 0.0;       // of the smallest model's time
  std::optional<double> cost;           // USD for the length's models one after the other
};

struct ComparedLength {
  int nsteps = 0;
  double forecast_hours = 0.0;
  std::vector<std::optional<PlatformTimes>> platforms;  // [platform]; none where its file lacks the length
};

struct Comparison {
  std::vector<BenchmarkFile> files;     // [platform], as given
  std::vector<std::string> names;       // [platform], distinct
  std::vector<ComparedLength> lengths;  // ascending nsteps, the union over the files
  int summary = 0;                      // index into lengths: the longest that all files have
  std::optional<int> winner;            // platform with the least time there; none where two tie
  double faster = 0.0;                  // 1 - winner's time / runner-up's
  std::vector<std::string> notes;       // why the numbers are not like for like, where they are not
};

// Requires at least two files. Throws Error{bad_input} where they have no length in common, naming what each has.
Comparison compare_platforms(std::vector<BenchmarkFile> files);

// Summary with winner, detailed by NSTEPS, per step, variance between models, and cost where a file has a price.
std::string comparison_text(const Comparison& comparison);
std::string comparison_markdown(const Comparison& comparison);
std::string comparison_html(const Comparison& comparison);             // a page of one file, with bars of the times
nlohmann::ordered_json comparison_json(const Comparison& comparison);  // the same, numbers not rounded

}  // namespace hens
