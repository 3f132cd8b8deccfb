// The tracks of one member as a file: what a member leaves, and all that the products of a run are made of. CSV:
//
//   track,step,valid_time,lat,lon,msl,wind
//   0,4,2024-01-02T00:00:00Z,15.2500,182.2500,96220.91,38.88
//
// Tracks are numbered from 0, points stand in the order of time. Degrees north and east (0 to 360), Pa, m s-1.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "base/time.h"
#include "tracks/track.h"

namespace hens {

std::string member_file_text(const std::vector<Track>& tracks, Time initial_time, Duration step);

// `text` is the content of `path`, which stands in messages. Throws Error{bad_input} naming path and line where it is
// not such a file.
std::vector<Track> parse_member_file(const std::string& text, const fs::path& path);

}  // namespace hens
