#include "job/output_section.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/nearest.h"
#include "job/spec_names.h"

namespace hens {
namespace {

constexpr Duration longest_interval = std::chrono::days(10'000);

// A number for all variables, or {z500: 9, all: 12}.
void read_keep_bits(SectionReader& section, OutputSpec& spec) {
  constexpr IntRange range{1, mantissa_bits};
  const YamlNode* node = section.raw("keep_bits");
  if (node == nullptr || node->kind != YamlNode::Kind::map) {
    int bits = 0;
    section.integer("keep_bits", bits, range);
    if (bits > 0) spec.keep_bits = {{"all", bits}};
    return;
  }
  SectionReader by_variable = section.section("keep_bits");
  for (const auto& [variable, entry] : node->entries) {
    int bits = 0;
    by_variable.integer(variable, bits, range);
    if (bits > 0) spec.keep_bits[variable] = bits;
    if (variable == "all" || std::ranges::find(spec.variables, variable) != spec.variables.end()) continue;
    by_variable.problem(variable, fmt::format("is no variable of this output{}; expected one of them, or all",
                                              did_you_mean(clipped(variable), spec.variables)));
  }
}

// What a layout and its options need of the format.
void check_layout(SectionReader& section, const OutputSpec& spec) {
  const bool zarr = spec.format == StoreFormat::zarr, netcdf = spec.format == StoreFormat::netcdf;
  const std::string& format = name_of(spec.format, format_names());
  if (spec.layout == OutputLayout::cf && !netcdf) {
    section.problem("layout", fmt::format("is cf, which is for format: netcdf, and the format is {}", format));
  }
  if (spec.layout == OutputLayout::weatherbench && !zarr && !netcdf) {
    section.problem(
        "layout",
        fmt::format("is weatherbench, which is for the formats zarr and netcdf, and the format is {}", format));
  }
  if (!spec.shard && !zarr) {
    section.problem("shard", fmt::format("is false, and the format {} has no shards: leave it out", format));
  }
  if (!spec.keep_bits.empty() && !zarr && !netcdf) {
    section.problem("keep_bits",
                    fmt::format("is for the formats zarr and netcdf, and the format is {}: leave it out", format));
  }
}

void read_grib(SectionReader section, GribSpec& spec) {
  section.integer("centre", spec.centre, {0, 65'535});
  section.integer("sub_centre", spec.sub_centre, {0, 65'535});
  section.integer("process", spec.process, {0, 255});
  section.finish();
}

// What GRIB2 has and other formats do not, and the other way round.
void read_packing(SectionReader& section, OutputSpec& spec) {
  section.choice("files", spec.files, grib_files_names());
  section.integer("bits", spec.bits, {0, 24});
  read_grib(section.section("grib"), spec.grib);
  const OutputSpec otherwise;
  const std::string format = "format " + name_of(spec.format, format_names());
  if (spec.format == StoreFormat::grib2) {
    return section.unused("compression", spec.compression, otherwise.compression,
                          format + ", whose values are always compressed (CCSDS)");
  }
  section.unused("files", spec.files, otherwise.files, format);
  section.unused("bits", spec.bits, otherwise.bits, format);
  section.unused("grib", spec.grib, otherwise.grib, format);
}

void read_output(SectionReader section, OutputSpec& spec) {
  section.text("region", spec.region);
  if (!spec.region.empty()) spec.name = spec.region;
  section.name("name", spec.name);
  section.words("variables", spec.variables, "channels, as u10m or z500", is_name);  // they become folders of a store
  section.choice("format", spec.format, format_names());
  section.duration("every", spec.every, model_step, longest_interval);
  section.boolean("initial_state", spec.initial_state);
  section.choice("compression", spec.compression, compression_names());
  section.choice("layout", spec.layout, layout_names());
  section.boolean("shard", spec.shard);
  read_keep_bits(section, spec);
  check_layout(section, spec);
  read_packing(section, spec);
  section.finish();
}

// Of the stores of statistics: statistics_0.zarr, statistics.zarr, statistics_0_europe.zarr, statistics_europe.zarr.
bool is_taken_by_statistics(const SectionReader& top, const std::string& name) {
  return top.has("statistics") && (name == "statistics" || name.starts_with("statistics_"));
}

}  // namespace

void read_outputs(SectionReader& top, std::vector<OutputSpec>& outputs, int shortest, Problems& problems) {
  const YamlNode* node = top.raw("output");
  const bool list = node != nullptr && node->kind == YamlNode::Kind::list;
  if (list && node->items.empty() && !top.has("statistics") && !top.has("tracks")) {
    problems.add(node->place, "output", "is an empty list, expected at least one output, or statistics, or tracks");
  }
  outputs.clear();
  std::set<std::pair<std::string, StoreFormat>> taken;
  for (size_t k = 0; k < (list ? node->items.size() : 1); ++k) {
    SectionReader section(list ? &node->items[k] : node, list ? fmt::format("output.{}", k) : "output", top.place(),
                          problems);
    OutputSpec& output = outputs.emplace_back();
    read_output(section, output);
    if (!taken.emplace(output.name, output.format).second) {
      section.problem("name",
                      fmt::format("an earlier output has the name '{}' and format {}, too: give it a name of its "
                                  "own",
                                  clipped(output.name), name_of(output.format, format_names())));
    }
    if (is_taken_by_statistics(top, output.name)) {
      section.problem("name", "is what the stores of statistics are called: give the output another name");
    }
    if (!output.initial_state && shortest > 0 && output.every > shortest * model_step) {
      section.problem("every", fmt::format("is {}, so nothing of a forecast of {} steps would be stored",
                                           duration_text(output.every), shortest));
    }
  }
}

}  // namespace hens
