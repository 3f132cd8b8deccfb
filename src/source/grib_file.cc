#include "source/grib_file.h"

#include <set>

#include <fmt/ranges.h>

#include "base/error.h"
#include "grid/channels.h"
#include "source/grib_message.h"
#include "source/grid_match.h"
#include "source/humidity.h"

namespace hens {
namespace {

struct Entry {
  std::span<const std::byte> message;
  GribLabel label;
};

class GribFile : public FieldFile {
 public:
  GribFile(const fs::path& path, std::string origin) : origin_(std::move(origin)), file_(path) {
    for (const auto& message : split_grib_messages(file_.bytes(), origin_)) {
      add({message, read_grib_label(message, place(message))});
    }
  }

  std::optional<std::vector<float>> read(const FieldRequest& request, FileUse& use) override {
    const auto field = values(request, use);
    if (!field) return std::nullopt;
    return std::vector<float>(field->begin(), field->end());
  }

  std::string content() const override {
    std::set<std::string> times;
    for (const auto& [key, entry] : entries_) times.insert(iso_time(key.second));
    if (times.size() > 8)
      return fmt::format("{} fields at {} times, {} .. {}", entries_.size(), times.size(), *times.begin(),
                         *times.rbegin());
    return fmt::format("{} fields that hens knows at {}", entries_.size(), fmt::join(times, ", "));
  }

 private:
  std::string place(std::span<const std::byte> message) const {
    return fmt::format("{}: message at byte {}", origin_, message.data() - file_.bytes().data());
  }

  void add(Entry entry) {
    if (entry.label.field.empty()) return;
    const auto [at, is_new] = entries_.try_emplace({entry.label.field, entry.label.valid_time}, entry);
    if (is_new) return;
    const GribLabel &here = entry.label, &there = at->second.label;
    if (here.reference_time == there.reference_time && here.member != there.member) {
      fail(ExitCode::bad_input,
           "{}: channel {} at {} is there for several ensemble members ({} and {}): keep the one to "
           "start from (grib_copy -w perturbationNumber={})",
           origin_, here.field, iso_time(here.valid_time), there.member, here.member, there.member);
    }
    if (here.reference_time > there.reference_time) at->second = std::move(entry);
  }

  std::optional<std::vector<double>> decoded(const std::string& field, const FieldRequest& request,
                                             FileUse& use) const {
    const auto found = entries_.find({field, request.time});
    if (found == entries_.end()) return std::nullopt;
    const auto message = found->second.message;
    const std::string origin = fmt::format("{}: channel {}", place(message), request.channel());
    const GribField grib = decode_grib(message, origin);
    use.bytes += message.size();
    use.digest.update(message);
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
  MappedFile file_;
  std::map<std::pair<std::string, Time>, Entry> entries_;  // by field and valid time
};

}  // namespace

std::unique_ptr<FieldFile> open_grib_file(const fs::path& path, const std::string& origin) {
  return std::make_unique<GribFile>(path, origin);
}

}  // namespace hens
