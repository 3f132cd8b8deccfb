// The index beside a GFS file in the public bucket: which record lies where. And which records make which channel.
//
// A line of it reads `580:414591098:d=2025080100:TMP:2 m above ground:anl:`: record number, offset of its first byte,
// cycle, parameter, level, kind of forecast. All functions are pure; the text is untrusted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "net/download.h"

namespace hens {

struct GfsRecord {
  std::string number;  // 580, or 580.2 for a field that shares its message
  ByteRange bytes;     // the whole message; the last one runs to the end of the file
  Time cycle;
  std::string parameter;  // TMP
  std::string level;      // 2 m above ground
  std::string forecast;   // anl | 6 hour fcst | ...
  std::string qualifier;  // "ens std dev", "prob >0.5", ...; empty for a plain field
};

// Parses an index. Throws Error{bad_input} naming `origin` and the line.
std::vector<GfsRecord> parse_gfs_index(std::string_view text, const std::string& origin);

// How a channel is made from a field of the file.
enum class GfsRecipe { as_is, height_times_gravity, from_relative_humidity };

struct GfsPick {
  std::string channel;
  GfsRecipe recipe = GfsRecipe::as_is;
  size_t record = 0;           // index into the records
  size_t temperature = 0;      // from_relative_humidity: the record of TMP on the same level
  std::vector<size_t> copies;  // other records of the same name as `record`: they must hold the same values
};

// The records that make `channels` in the analysis of `cycle`. Specific humidity is taken where the file has it, else
// made from relative humidity. Throws Error{bad_input} naming `origin` and the channel that is not there or belongs to
// another cycle, or that GFS does not have.
std::vector<GfsPick> pick_gfs_records(const std::vector<GfsRecord>& records, const std::vector<std::string>& channels,
                                      Time cycle, const std::string& origin);

}  // namespace hens
