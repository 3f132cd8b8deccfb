#include "run/gather_tracks.h"

#include <algorithm>

#include "base/error.h"
#include "base/sealed_json.h"
#include "run/marker.h"
#include "run/track_files.h"
#include "statistics/member_set.h"
#include "tracks/member_file.h"
#include "tracks/strike.h"
#include "tracks/text_products.h"
#include "tracks/trajectory_file.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t largest_record = uint64_t{64} << 20;

// Members of one length by initial time and model: [time][model].
using Members = std::vector<std::vector<MemberSet>>;

Members no_members(const JobSpec& spec) {
  return Members(spec.initial_conditions.times.size(), std::vector<MemberSet>(spec.models.size()));
}

Members complete_members(const Manifest& manifest, int length) {
  Members members = no_members(manifest.spec);
  for (const MemberEntry& entry : manifest.members) {
    if (entry.state != MemberState::complete || entry.id.length != length) continue;
    members[static_cast<size_t>(entry.id.time)][static_cast<size_t>(entry.id.model)].add(entry.id.member);
  }
  return members;
}

Members all_members(const JobSpec& spec) {
  Members members = no_members(spec);
  for (auto& of_time : members) {
    for (MemberSet& set : of_time) set.add(0, spec.ensemble.members - 1);
  }
  return members;
}

Json json_of(const Members& members) {
  Json json = Json::array();
  for (const auto& of_time : members) {
    Json models = Json::array();
    for (const MemberSet& set : of_time) models.push_back(set.text());
    json.push_back(models);
  }
  return json;
}

// Reads the members' files of an entry, in the products' order.
class Reader {
 public:
  Reader(const fs::path& root, const JobSpec& spec, const TracksSpec& tracks, int length, const Members& members)
      : root_(root), plan_(spec), tracks_(tracks), length_(length), members_(members) {}

  template <typename Use>
  void for_each(const Use& use) const {
    for (size_t time = 0; time < members_.size(); ++time) {
      for (size_t model = 0; model < members_[time].size(); ++model) {
        for (const auto& [first, last] : members_[time][model].ranges()) {
          for (int member = first; member <= last; ++member) {
            const int m = static_cast<int>(model), t = static_cast<int>(time);
            use(MemberTracks{t, m, member, read(member_id(length_, m, t, member))});
          }
        }
      }
    }
  }

 private:
  std::vector<Track> read(const MemberId& id) const {
    const fs::path path = track_file(plan_, tracks_, id);
    const Marker marker = read_marker(root_ / plan_.marker(id));
    const auto listed = std::ranges::find(marker.files, path.string(), &StoredFile::path);
    const bool good = listed != marker.files.end() && check_file(root_, *listed, true) == FileState::good;
    if (!good) {
      fail(ExitCode::bad_input, "{}: is not what its member's marker says; run the job again", (root_ / path).string());
    }
    return parse_member_file(read_file(root_ / path), root_ / path);
  }

  fs::path root_;
  WorkPlan plan_;
  const TracksSpec& tracks_;
  int length_;
  const Members& members_;
};

std::vector<StoredFile> files_from(const Json& record) {
  std::vector<StoredFile> files;
  for (const Json& file : record.at("files")) files.push_back({file.at("path"), file.at("bytes"), file.at("sha256")});
  return files;
}

bool is_made(const fs::path& root, const fs::path& record, const Json& members) {
  try {
    const Json json = read_sealed(root / record, largest_record);
    if (json.at("members") != members) return false;
    return std::ranges::all_of(files_from(json),
                               [&](const StoredFile& file) { return check_file(root, file, true) == FileState::good; });
  } catch (const std::exception&) {  // none, or damaged: it is made again
    return false;
  }
}

TrackLayout layout_of(const Manifest& manifest, const TracksSpec& tracks) {
  const JobSpec& spec = manifest.spec;
  return {.times = spec.initial_conditions.times,
          .model_names = manifest.model_names,
          .members = spec.ensemble.members,
          .step = model_step,
          .grid = manifest.grid,
          .strike_radius = tracks.strike_radius,
          .title = fmt::format("{}: tropical cyclones of {} members", spec.name, spec.ensemble.members)};
}

std::vector<StoredFile> write_products(const fs::path& root, const TrackProducts& paths, const TrackLayout& layout,
                                       const Members& members, const Reader& reader, int64_t& tracks) {
  size_t count = 0, points = 0;
  reader.for_each([&](const MemberTracks& member) {
    count += member.tracks.size();
    for (const Track& track : member.tracks) points += track.size();
  });
  std::vector<std::vector<int32_t>> counts(members.front().size());  // [model][time]
  for (const auto& of_time : members) {
    for (size_t model = 0; model < of_time.size(); ++model)
      counts[model].push_back(static_cast<int32_t>(of_time[model].size()));
  }
  std::vector<std::unique_ptr<TrackProduct>> products;
  products.push_back(track_table(root, paths.csv, layout));
  products.push_back(track_adeck(root, paths.adeck, layout));
  products.push_back(track_geojson(root, paths.geojson, layout));
  products.push_back(track_netcdf(root, paths.netcdf, layout, count, points));
  products.push_back(strike_map(root, paths.strike, layout, counts));
  reader.for_each([&](const MemberTracks& member) {
    for (const auto& product : products) product->add(member);
  });
  std::vector<StoredFile> files;
  for (const auto& product : products) files.push_back(product->finish());
  tracks = static_cast<int64_t>(count);
  return files;
}

Json record_json(const Json& members, const std::vector<StoredFile>& files) {
  Json list = Json::array();
  for (const StoredFile& file : files) {
    list.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  return {{"kind", "hens tracks"}, {"members", members}, {"files", list}};
}

// Calls use(entry, length) for each set of products.
template <typename Use>
void for_each_set(const JobSpec& spec, const Use& use) {
  for (const TracksSpec& tracks : spec.tracks) {
    for (int length = 0; length < static_cast<int>(spec.forecast.steps.size()); ++length) use(tracks, length);
  }
}

}  // namespace

void gather_tracks(const fs::path& root, const Manifest& manifest, Log& log) {
  for_each_set(manifest.spec, [&](const TracksSpec& tracks, int length) {
    const TrackProducts paths = track_products(manifest.spec, tracks, length);
    const Members members = complete_members(manifest, length);
    const Json who = json_of(members);
    if (is_made(root, paths.record, who)) return;
    const Reader reader(root, manifest.spec, tracks, length, members);
    int64_t count = 0;
    const std::vector<StoredFile> files =
        write_products(root, paths, layout_of(manifest, tracks), members, reader, count);
    publish_file(root / paths.record, sealed_text(record_json(who, files)));
    log.info("tracks", {{"file", paths.csv.string()}, {"tracks", count}});
  });
}

std::vector<fs::path> track_product_files(const fs::path& root, const JobSpec& spec) {
  std::vector<fs::path> there;
  for_each_set(spec, [&](const TracksSpec& tracks, int length) {
    for (const fs::path& file : track_products(spec, tracks, length).files()) {
      std::error_code none;
      if (fs::exists(root / file, none)) there.push_back(file);
    }
  });
  return there;
}

std::vector<Finding> verify_track_products(const fs::path& root, const Manifest& manifest, bool all_complete,
                                           bool full) {
  constexpr const char* remedy = "`hens report` makes it again";
  std::vector<Finding> findings;
  for_each_set(manifest.spec, [&](const TracksSpec& tracks, int length) {
    const fs::path record = track_products(manifest.spec, tracks, length).record;
    std::error_code none;
    if (!fs::exists(root / record, none)) {
      if (all_complete) findings.push_back({record, "missing", "tracks are not gathered yet; run `hens report`"});
      return;
    }
    try {
      const Json json = read_sealed(root / record, largest_record);
      if (all_complete && json.at("members") != json_of(all_members(manifest.spec))) {
        findings.push_back({record, "corrupt", "tracks were gathered of fewer members; run `hens report`"});
      }
      for (const StoredFile& file : files_from(json)) {
        const FileState state = check_file(root, file, full);
        if (state == FileState::good) continue;
        findings.push_back({file.path, state == FileState::missing ? "missing" : "corrupt",
                            fmt::format("{}; {}", text(state), remedy)});
      }
    } catch (const std::exception& error) {
      findings.push_back({record, "corrupt", fmt::format("{}; {}", error.what(), remedy)});
    }
  });
  return findings;
}

}  // namespace hens
