// efi.nc: the extreme forecast index and the shift of tails as maps, t2m_efi, t2m_sot90 and t2m_sot10 (time, lead_time,
// lat, lon) of each variable, in CF's terms. Appears whole or not at all.
#pragma once

#include <string>
#include <vector>

#include "scores/extreme_fields.h"
#include "store/netcdf_output.h"

namespace hens {

struct ExtremeLayout {
  std::string title;  // global attribute
  LatLonGrid grid;
  std::vector<Time> times;
  std::vector<Duration> leads;         // ascending
  std::vector<std::string> variables;  // channels
};

class ExtremeStore {
 public:
  ExtremeStore(fs::path path, const ExtremeLayout& layout);
  // What is not put is missing. Requires a variable, lead and time of the layout.
  void put(const std::string& variable, Duration lead, size_t time, const ExtremeFields& fields);
  StoredFile publish();

 private:
  fs::path path_;
  ExtremeLayout layout_;
  NetcdfOutput output_;
};

}  // namespace hens
