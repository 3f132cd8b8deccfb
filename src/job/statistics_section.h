// Reads and writes the spec's section `statistics`.
#pragma once

#include "job/section_reader.h"

namespace hens {

// All entries; `shortest` steps is the shortest roll-out, of which each has to keep something.
void read_statistics(SectionReader& top, std::vector<StatisticsSpec>& all, int shortest, Problems& problems);

nlohmann::ordered_json statistics_json(const std::vector<StatisticsSpec>& all);
std::vector<StatisticsSpec> statistics_from(const nlohmann::ordered_json& json);

}  // namespace hens
