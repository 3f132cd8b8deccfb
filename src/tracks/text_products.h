// All members' tracks as text: a table (CSV), an ATCF a-deck and GeoJSON.
#pragma once

#include <memory>

#include "tracks/product.h"

namespace hens {

// model,time,member,track,step,lead_hours,valid_time,lat,lon,msl,wind: degrees, Pa, m s-1.
std::unique_ptr<TrackProduct> track_table(const fs::path& root, const fs::path& path, const TrackLayout& layout);

// The Automated Tropical Cyclone Forecasting System's a-deck (Sampson and Schrader, 2000, Bull. Amer. Meteor. Soc. 81,
// 1231-1240), as far as a forecast tells: BASIN, CY, initial time, 03, TECH, TAU, LAT, LON, VMAX [kt], MSLP [hPa], XX.
// CY counts a member's tracks from 01; TECH is technique().
std::unique_ptr<TrackProduct> track_adeck(const fs::path& root, const fs::path& path, const TrackLayout& layout);

// RFC 7946: a feature a track, cut at 180 degrees; properties model, time, member, track, and by point lead_hours, msl
// and wind.
std::unique_ptr<TrackProduct> track_geojson(const fs::path& root, const fs::path& path, const TrackLayout& layout);

// The a-deck's name of a member: H000, H001 ... HZZZ, I000 ...: its number through all models, with base 36. Unique up
// to 886,464 members.
std::string technique(int64_t number);

// The ATCF's name of where a cyclone is born: WP, EP, CP, AL, SL, IO or SH.
const char* basin(double lat, double lon);

}  // namespace hens
