// Reads and writes the spec's section `tracks`.
#pragma once

#include "job/section_reader.h"

namespace hens {

// All entries: a list, or one mapping.
void read_tracks(SectionReader& top, std::vector<TracksSpec>& all, Problems& problems);

nlohmann::ordered_json tracks_json(const std::vector<TracksSpec>& all);
std::vector<TracksSpec> tracks_from(const nlohmann::ordered_json& json);

}  // namespace hens
