#include "source/grib_file.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/ranges.h>

#include "base/error.h"
#include "grid/channels.h"
#include "source/grib_message.h"
#include "source/grib_parts.h"
#include "source/grid_match.h"
#include "source/humidity.h"

namespace hens {
namespace {

// A field in the file.
struct Entry {
  GribPart part;
  GribLabel label;
  std::string place;  // "analysis.grib2: message at byte 1234"
};

bool same_values(const GribField& a, const GribField& b) {
  const auto equal = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  return a.lat == b.lat && a.lon == b.lon && std::ranges::equal(a.values, b.values, equal);
}

class GribFile : public FieldFile {
 public:
  GribFile(const fs::path& path, std::string origin, const ForecastChoice& choice)
      : origin_(std::move(origin)), choice_(choice), file_(path) {
    for (const auto& message : split_grib_messages(file_.bytes(), origin_)) {
      const std::string here = place(message);
      for (GribPart& part : split_grib_fields(message, here)) {
        const std::string where = part.number == 0 ? here : fmt::format("{}, field {}", here, part.number);
        GribLabel label = read_grib_label(part.bytes, where);
        add({std::move(part), std::move(label), where});
      }
    }
    for (const auto& [key, entries] : entries_) refuse_several_members(entries);
  }

  std::optional<std::vector<float>> read(const FieldRequest& request, FileUse& use) override {
    const auto field = values(request, use);
    if (!field) return std::nullopt;
    return std::vector<float>(field->begin(), field->end());
  }

  std::string content() const override {
    std::set<std::string> times;
    for (const auto& [key, entry] : entries_) times.insert(iso_time(key.second));
    std::string others;
    for (const auto& [kind, count] : passed_over_) others += fmt::format("; passed over {}: {}", count, kind);
    if (times.empty()) return fmt::format("no field that hens knows{}", others);
    if (times.size() > 8)
      return fmt::format("{} fields at {} times, {} .. {}{}", entries_.size(), times.size(), *times.begin(),
                         *times.rbegin(), others);
    return fmt::format("{} fields that hens knows at {}{}", entries_.size(), fmt::join(times, ", "), others);
  }

 private:
  std::string place(std::span<const std::byte> message) const {
    return fmt::format("{}: message at byte {}", origin_, message.data() - file_.bytes().data());
  }

  // Whether `label` is to be preferred to another of its channel and valid time: the latest cycle, then the unperturbed
  // forecast. Zero where they compete.
  static int rank(const GribLabel& label, const GribLabel& other) {
    if (label.reference_time != other.reference_time) return label.reference_time > other.reference_time ? 1 : -1;
    return other.perturbed - label.perturbed;
  }

  bool is_chosen(const GribLabel& label) {
    const bool member = !choice_.member || label.member == *choice_.member;
    const bool lead = !choice_.lead_time || label.valid_time - label.reference_time == *choice_.lead_time;
    if (!member || !lead) ++passed_over_[member ? "another lead time" : "another member"];
    return member && lead;
  }

  void add(Entry entry) {
    if (entry.label.field.empty()) return;
    if (!entry.label.aside.empty()) {
      ++passed_over_[entry.label.aside];
      return;
    }
    if (!is_chosen(entry.label)) return;
    std::vector<Entry>& there = entries_[{entry.label.field, entry.label.valid_time}];
    const int preferred = there.empty() ? 0 : rank(entry.label, there.front().label);
    if (preferred != 0)
      ++passed_over_[entry.label.member == there.front().label.member ? "earlier cycle" : "ensemble member"];
    if (preferred > 0) there.clear();
    if (preferred >= 0) there.push_back(std::move(entry));
  }

  void refuse_several_members(const std::vector<Entry>& entries) const {
    for (const Entry& entry : entries) {
      const GribLabel &here = entry.label, &first = entries.front().label;
      if (here.member == first.member) continue;
      fail(ExitCode::bad_input,
           "{}: channel {} at {} is there for several ensemble members ({} and {}): keep the one to "
           "start from (grib_copy -w perturbationNumber={}), or name it as initial_conditions.member",
           origin_, here.field, iso_time(here.valid_time), first.member, here.member, first.member);
    }
  }

  // The field of all `entries`, which must be copies of each other.
  static GribField decode_one(const std::vector<Entry>& entries, const std::string& channel) {
    const Entry& first = entries.front();
    GribField field = decode_grib(first.part.bytes, fmt::format("{}: channel {}", first.place, channel));
    for (const Entry& other : std::span(entries).subspan(1)) {
      if (std::ranges::equal(first.part.bytes, other.part.bytes)) continue;
      if (same_values(field, decode_grib(other.part.bytes, fmt::format("{}: channel {}", other.place, channel))))
        continue;
      fail(ExitCode::bad_input,
           "{}: channel {} at {} is there twice with different values: '{}' here and '{}' in {}: keep the one to start "
           "from (grib_copy -w)",
           first.place, channel, iso_time(first.label.valid_time), first.label.text, other.label.text, other.place);
    }
    return field;
  }

  void note_passed_over(FileUse& use) const {
    if (use.bytes != 0) return;
    for (const auto& [kind, count] : passed_over_) {
      use.notes.push_back(
          fmt::format("passed over {} {} of the file: {}", count, count == 1 ? "field" : "fields", kind));
    }
  }

  std::optional<std::vector<double>> decoded(const std::string& field, const FieldRequest& request,
                                             FileUse& use) const {
    const auto found = entries_.find({field, request.time});
    if (found == entries_.end()) return std::nullopt;
    const Entry& entry = found->second.front();
    const GribField grib = decode_one(found->second, request.channel());
    note_passed_over(use);
    use.take(entry.part.bytes);
    const std::string origin = fmt::format("{}: channel {}", entry.place, request.channel());
    return take_points(grib.values, grib.lon.size(), 1, match_grid(grib.lat, grib.lon, request.grid, origin));
  }

  std::optional<std::vector<double>> values(const FieldRequest& request, FileUse& use) const {
    const ChannelInfo info = channel_info(request.channel());
    if (auto field = decoded(info.name, request, use)) return field;
    if (!info.level) return std::nullopt;
    if (info.quantity == "z") {
      auto heights = decoded(fmt::format("gh{}", *info.level), request, use);
      for (size_t i = 0; heights && i < heights->size(); ++i) (*heights)[i] *= request.gravity;
      return heights;
    }
    return info.quantity == "q" ? humidity(*info.level, request, use) : std::nullopt;
  }

  std::optional<std::vector<double>> humidity(int level, const FieldRequest& request, FileUse& use) const {
    const std::string relative = fmt::format("r{}", level), warmth = fmt::format("t{}", level);
    if (!entries_.contains({relative, request.time}) || !entries_.contains({warmth, request.time})) return std::nullopt;
    auto field = decoded(relative, request, use);
    const auto temperature = decoded(warmth, request, use);
    for (size_t i = 0; i < field->size(); ++i) {
      (*field)[i] = specific_humidity((*field)[i], (*temperature)[i], level * 100.0);
    }
    use.notes.push_back(request.channel() + " derived from relative humidity and temperature");
    return field;
  }

  std::string origin_;
  ForecastChoice choice_;
  MappedFile file_;
  std::map<std::pair<std::string, Time>, std::vector<Entry>> entries_;  // by field and valid time; those that compete
  std::map<std::string, size_t> passed_over_;                           // how many, by why
};

}  // namespace

std::unique_ptr<FieldFile> open_grib_file(const fs::path& path, const std::string& origin,
                                          const ForecastChoice& choice) {
  return std::make_unique<GribFile>(path, origin, choice);
}

}  // namespace hens
