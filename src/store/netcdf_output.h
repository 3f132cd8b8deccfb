// A netCDF-4 file being written, and one field read back from such a file. The one place of this folder that knows
// netCDF-C. Takes the NetcdfLock itself: all functions are thread-safe, one object is for one thread at a time.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "store/coordinates.h"

namespace hens {

// A variable along one dimension, written piece by piece, and stored in one run of bytes.
enum class SeriesType { float32, float64, int32, int64 };
struct Series {
  std::string name, dimension;
  SeriesType type = SeriesType::float32;
  nlohmann::ordered_json attributes;  // text only
};

struct NetcdfLayout {
  std::vector<Coordinate> coordinates;  // those named as their only dimension define that dimension
  std::vector<FieldArray> fields;
  nlohmann::ordered_json attributes;  // global
  bool deflate = false;
  std::vector<std::pair<std::string, size_t>> dimensions = {};  // beside the coordinates', with their sizes
  std::vector<Series> series = {};
};

class NetcdfOutput {
 public:
  // Starts a file for what will be `final_path`, in that folder; its scratch has no name, so that nothing remains of it
  // whatever happens. Throws Error{cannot_create} or {io} naming `final_path`.
  NetcdfOutput(fs::path final_path, const NetcdfLayout& layout);
  ~NetcdfOutput();
  NetcdfOutput(const NetcdfOutput&) = delete;
  NetcdfOutput& operator=(const NetcdfOutput&) = delete;

  // Writes a field of a variable (in the layout's order) at `place`: its indices along the other dimensions.
  // What is not written is the fill value. Requires a variable of that type.
  void put(int variable, std::vector<size_t> place, std::span<const float> field);
  void put(int variable, std::vector<size_t> place, std::span<const int32_t> field);
  // Writes `values` of a series (in the layout's order) from `first` on. Requires the series' type.
  void put_series(int series, size_t first, std::span<const float> values);
  void put_series(int series, size_t first, std::span<const double> values);
  void put_series(int series, size_t first, std::span<const int32_t> values);
  void put_series(int series, size_t first, std::span<const int64_t> values);
  // Completes the file and calls `use` with its bytes, in order.
  void close(const std::function<void(std::span<const std::byte>)>& use);

 private:
  void define(const NetcdfLayout& layout);
  int define_variable(const std::string& name, int type, const std::vector<std::string>& dimensions,
                      const nlohmann::ordered_json& attributes);
  void define_storage(int id, const FieldArray& field, bool deflate);
  template <typename T>
  void put_slab(int variable, std::vector<size_t> place, std::span<const T> field);
  void put_values(int series, size_t first, size_t count, const void* values);
  void put_attributes(int id, const nlohmann::ordered_json& attributes);
  void check(int status, const char* what) const;

  fs::path final_path_;
  FileDescriptor scratch_;
  int id_ = -1;
  std::vector<int> variable_ids_, series_ids_;
  std::vector<FieldArray> arrays_;  // [variable]
};

// Reads the field at `place`, its indices along the dimensions before its own, which are of lengths `shape`. Throws
// Error{missing_input}, or Error{bad_input} where the file is damaged or holds something else.
void read_netcdf_field(const fs::path& path, const std::string& variable, const std::vector<size_t>& place,
                       const std::vector<size_t>& shape, std::span<float> field);

}  // namespace hens
