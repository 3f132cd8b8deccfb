#include "tracks/text_products.h"

#include <cmath>

#include <fmt/format.h>

namespace hens {
namespace {

constexpr double knots = 3600.0 / 1852.0;  // in m s-1

int64_t lead_hours(const TrackLayout& layout, int step) { return step * layout.step / std::chrono::hours(1); }

class TrackTable final : public TrackProduct {
 public:
  TrackTable(const fs::path& root, const fs::path& path, const TrackLayout& layout)
      : file_(root, path), layout_(layout) {
    file_.write("model,time,member,track,step,lead_hours,valid_time,lat,lon,msl,wind\n");
  }

  void add(const MemberTracks& member) override {
    const Time initial = layout_.times.at(static_cast<size_t>(member.time));
    std::string text;
    for (size_t k = 0; k < member.tracks.size(); ++k) {
      for (const auto& [step, centre] : member.tracks[k]) {
        text += fmt::format("{},{},{},{},{},{},{},{:.4f},{:.4f},{:.2f},{:.2f}\n", member.model, iso_time(initial),
                            member.member, k, step, lead_hours(layout_, step), iso_time(initial + step * layout_.step),
                            centre.lat, centre.lon, centre.msl, centre.wind);
      }
    }
    file_.write(text);
  }
  StoredFile finish() override { return file_.publish(); }

 private:
  ProductFile file_;
  const TrackLayout& layout_;
};

class TrackAdeck final : public TrackProduct {
 public:
  TrackAdeck(const fs::path& root, const fs::path& path, const TrackLayout& layout)
      : file_(root, path), layout_(layout) {}

  void add(const MemberTracks& member) override {
    const std::string tech = technique(int64_t{member.model} * layout_.members + member.member);
    const std::string initial = format_time(layout_.times.at(static_cast<size_t>(member.time)), "%Y%m%d%H");
    std::string text;
    for (size_t k = 0; k < member.tracks.size(); ++k) {
      const Track& track = member.tracks[k];
      const char* born = basin(track.front().centre.lat, track.front().centre.lon);
      for (const auto& [step, centre] : track) {
        text += fmt::format("{}, {:02d}, {}, 03, {}, {:3d}, {}, {}, {:3d}, {:4d}, XX\n", born, k + 1, initial, tech,
                            lead_hours(layout_, step), tenths(centre.lat, 'N', 'S', 3),
                            tenths(centre.lon > 180.0 ? centre.lon - 360.0 : centre.lon, 'E', 'W', 4),
                            std::lround(centre.wind * knots), std::lround(centre.msl / 100.0));
      }
    }
    file_.write(text);
  }
  StoredFile finish() override { return file_.publish(); }

 private:
  static std::string tenths(double degrees, char positive, char negative, int width) {
    const long value = std::lround(degrees * 10.0);
    return fmt::format("{:{}d}{}", std::abs(value), width, value < 0 ? negative : positive);
  }

  ProductFile file_;
  const TrackLayout& layout_;
};

// [longitude from -180 to 180, latitude]
std::string position(double lon, double lat) { return fmt::format("[{:.4f},{:.4f}]", lon, lat); }

// Positions of a track in pieces that do not cross 180 degrees: a piece ends and the next begins there.
std::vector<std::string> pieces_of(const Track& track) {
  std::vector<std::string> pieces{""};
  double before_lon = 0, before_lat = 0;
  for (const TrackPoint& point : track) {
    const double lon = point.centre.lon > 180.0 ? point.centre.lon - 360.0 : point.centre.lon, lat = point.centre.lat;
    if (!pieces.back().empty() && std::abs(lon - before_lon) > 180.0) {
      const double side = before_lon > 0 ? 180.0 : -180.0;
      const double there = lon + 2 * side;  // where the track goes on as if degrees went on
      const double share = there == before_lon ? 0.0 : (side - before_lon) / (there - before_lon);
      const double at = before_lat + share * (lat - before_lat);
      pieces.back() += "," + position(side, at);
      pieces.push_back(position(-side, at));
    }
    pieces.back() += (pieces.back().empty() ? "" : ",") + position(lon, lat);
    before_lon = lon, before_lat = lat;
  }
  return pieces;
}

std::string geometry_of(const Track& track) {
  const std::vector<std::string> pieces = pieces_of(track);
  if (track.size() == 1) return fmt::format(R"({{"type":"Point","coordinates":{}}})", pieces[0]);
  if (pieces.size() == 1) return fmt::format(R"({{"type":"LineString","coordinates":[{}]}})", pieces[0]);
  std::string all;
  for (const std::string& piece : pieces) all += (all.empty() ? "[" : ",[") + piece + "]";
  return fmt::format(R"({{"type":"MultiLineString","coordinates":[{}]}})", all);
}

class TrackGeojson final : public TrackProduct {
 public:
  TrackGeojson(const fs::path& root, const fs::path& path, const TrackLayout& layout)
      : file_(root, path), layout_(layout) {
    file_.write(R"({"type":"FeatureCollection","features":[)");
  }

  void add(const MemberTracks& member) override {
    const std::string initial = iso_time(layout_.times.at(static_cast<size_t>(member.time)));
    for (size_t k = 0; k < member.tracks.size(); ++k) {
      std::string leads, msl, wind;
      for (const auto& [step, centre] : member.tracks[k]) {
        const char* comma = leads.empty() ? "" : ",";
        leads += fmt::format("{}{}", comma, lead_hours(layout_, step));
        msl += fmt::format("{}{:.2f}", comma, centre.msl);
        wind += fmt::format("{}{:.2f}", comma, centre.wind);
      }
      file_.write(fmt::format(
          "{}\n"
          R"({{"type":"Feature","geometry":{},"properties":{{"model":{},"time":"{}","member":{},)"
          R"("track":{},"lead_hours":[{}],"msl":[{}],"wind":[{}]}}}})",
          first_ ? "" : ",", geometry_of(member.tracks[k]), member.model, initial, member.member, k, leads, msl, wind));
      first_ = false;
    }
  }
  StoredFile finish() override {
    file_.write("\n]}\n");
    return file_.publish();
  }

 private:
  ProductFile file_;
  const TrackLayout& layout_;
  bool first_ = true;
};

}  // namespace

std::string technique(int64_t number) {
  constexpr const char* digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr int64_t letter = 36 * 36 * 36;
  std::string name(1, static_cast<char>('H' + number / letter % 19));
  for (int64_t unit = 36 * 36; unit > 0; unit /= 36) name += digits[number / unit % 36];
  return name;
}

const char* basin(double lat, double lon) {
  if (lat < 0) return lon >= 290.0 || lon < 20.0 ? "SL" : "SH";
  // Central America parts the Pacific from the Atlantic.
  const double coast = lat > 20.0 ? 260.0 : lat > 15.0 ? 270.0 : lat > 10.0 ? 276.0 : 283.0;
  if (lon < 30.0 || lon >= coast) return "AL";
  return lon < 100.0 ? "IO" : lon < 180.0 ? "WP" : lon < 220.0 ? "CP" : "EP";
}

std::unique_ptr<TrackProduct> track_table(const fs::path& root, const fs::path& path, const TrackLayout& layout) {
  return std::make_unique<TrackTable>(root, path, layout);
}
std::unique_ptr<TrackProduct> track_adeck(const fs::path& root, const fs::path& path, const TrackLayout& layout) {
  return std::make_unique<TrackAdeck>(root, path, layout);
}
std::unique_ptr<TrackProduct> track_geojson(const fs::path& root, const fs::path& path, const TrackLayout& layout) {
  return std::make_unique<TrackGeojson>(root, path, layout);
}

}  // namespace hens
