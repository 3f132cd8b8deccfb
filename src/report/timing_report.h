// timing_report.txt: where a run's time went, for people.
#pragma once

#include <string>
#include <vector>

#include "report/table.h"
#include "run/manifest.h"

namespace hens {

// The report: job and machine, stages of each attempt, times by length and model with their mean, per member-step,
// output rate, peak memory, and the cost where the spec has a price. Every line ends with a newline and has at most 100
// columns. Lengths and models without a complete member have blanks. A pure function of the manifest.
std::string timing_report(const Manifest& manifest);

// What it consists of, for the page. Facts without a value are left out.
struct Fact {
  std::string label, value;
};
std::vector<Fact> run_facts(const Manifest& manifest);       // job, machine, members, times
std::vector<Fact> amount_facts(const Manifest& manifest);    // output, memory, energy, cost
std::vector<Table> timing_tables(const Manifest& manifest);  // models, attempts, stages, lengths

}  // namespace hens
