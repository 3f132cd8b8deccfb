#include "source/makani_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <hdf5.h>
#include <regex>

#include <fmt/ranges.h>

#include "base/error.h"
#include "base/file_kind.h"
#include "base/files.h"
#include "base/locks.h"
#include "base/netcdf_lock.h"
#include "grid/channels.h"
#include "source/grid_match.h"
#include "source/hdf5_filters.h"

namespace hens {
namespace {

constexpr hsize_t most_points = 1 << 27, longest_axis = 10'000'000, longest_name = 256;

// An HDF5 identifier with the function that closes it.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// One file open for one operation, HDF5 held for this thread meanwhile.
class Hdf5File {
 public:
  Hdf5File(const fs::path& path, const std::string& origin)
      : origin_(origin), input_(path, origin), file_(open(path), H5Fclose) {
    if (!file_) {
      fail(ExitCode::bad_input, "{}: cannot be opened as HDF5: damaged, truncated or of another format{}", origin,
           file_kind_hint(path, "HDF5"));
    }
  }

  bool has(const char* name) const { return H5Lexists(file_.get(), name, H5P_DEFAULT) > 0; }

  std::vector<hsize_t> shape(const char* name) const {
    const Handle dataset = open_dataset(name), space(H5Dget_space(dataset.get()), H5Sclose);
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (rank < 0 || rank > 8) fail(ExitCode::bad_input, "{}: dataset '{}' has {} dimensions", origin_, name, rank);
    std::vector<hsize_t> shape(rank);
    H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr);
    return shape;
  }

  // Numbers of the box of `count` from `start`, whatever their type in the file.
  std::vector<double> numbers(const char* name, const std::vector<hsize_t>& start,
                              const std::vector<hsize_t>& count) const {
    hsize_t size = 1;
    for (const hsize_t n : count) size = std::min(size, most_points) * std::min(n, most_points);
    if (size > most_points) fail(ExitCode::bad_input, "{}: dataset '{}' is larger than any grid", origin_, name);
    const Handle dataset = open_dataset(name), space(H5Dget_space(dataset.get()), H5Sclose);
    const Handle memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), H5Sclose);
    std::vector<double> values(size);
    const bool read =
        H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) >= 0 &&
        H5Dread(dataset.get(), H5T_NATIVE_DOUBLE, memory.get(), space.get(), H5P_DEFAULT, values.data()) >= 0;
    if (!read) {
      const std::string filters = missing_filters(filters_of(dataset));
      fail(ExitCode::bad_input, "{}: dataset '{}' cannot be read: {}", origin_, name,
           filters.empty() ? "truncated or damaged" : filters);
    }
    return values;
  }

  // The one-dimensional dataset `name` of `length` numbers.
  std::vector<double> axis(const char* name, hsize_t length) const {
    const std::vector<hsize_t> extent = shape(name);
    if (extent != std::vector<hsize_t>{length} || length > longest_axis) {
      fail(ExitCode::bad_input, "{}: dataset '{}' has the shape [{}]: expected [{}] as in 'fields'", origin_, name,
           fmt::join(extent, ", "), length);
    }
    return numbers(name, {0}, {length});
  }

  // The one-dimensional dataset `name` of `length` texts of fixed size, as makani writes them.
  std::vector<std::string> texts(const char* name, hsize_t length) const {
    const Handle dataset = open_dataset(name), type(H5Dget_type(dataset.get()), H5Tclose);
    const size_t size = H5Tget_size(type.get());
    const bool fixed = H5Tget_class(type.get()) == H5T_STRING && H5Tis_variable_str(type.get()) == 0;
    if (!fixed || size > longest_name || length > longest_axis || shape(name) != std::vector<hsize_t>{length}) {
      fail(ExitCode::bad_input, "{}: dataset '{}' is not {} names of fixed length", origin_, name, length);
    }
    std::vector<char> buffer(size * length);
    if (H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer.data()) < 0) {
      fail(ExitCode::bad_input, "{}: dataset '{}' cannot be read", origin_, name);
    }
    std::vector<std::string> texts;
    for (hsize_t i = 0; i < length; ++i) texts.emplace_back(&buffer[i * size], strnlen(&buffer[i * size], size));
    return texts;
  }

 private:
  static hid_t open(const fs::path& path) {
    check_regular_file(path);
    register_hdf5_filters();
    return H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  }

  static std::vector<unsigned> filters_of(const Handle& dataset) {
    const Handle creation(H5Dget_create_plist(dataset.get()), H5Pclose);
    std::vector<unsigned> filters;
    for (int k = 0; k < H5Pget_nfilters(creation.get()); ++k) {
      size_t parameters = 0;
      unsigned flags = 0;
      const H5Z_filter_t id =
          H5Pget_filter2(creation.get(), static_cast<unsigned>(k), &flags, &parameters, nullptr, 0, nullptr, nullptr);
      if (id >= 0) filters.push_back(static_cast<unsigned>(id));
    }
    return filters;
  }

  Handle open_dataset(const char* name) const {
    const hid_t id = has(name) ? H5Dopen2(file_.get(), name, H5P_DEFAULT) : -1;
    if (id < 0) fail(ExitCode::bad_input, "{}: has no dataset '{}': expected makani's layout", origin_, name);
    return {id, H5Dclose};
  }

  NetcdfLock lock_;
  const std::string& origin_;
  InputLock input_;
  Handle file_;
};

// The samples of a file that holds one whole year, by its name.
std::vector<Time> times_of_year(hsize_t samples, const std::string& origin) {
  static const std::regex pattern(R"((?:.*[^0-9])?(\d{4})\.(?:h5|hdf5))");
  std::smatch part;
  const std::string name = fs::path(origin).filename().string();
  if (!std::regex_match(name, part, pattern)) {
    fail(ExitCode::bad_input,
         "{}: its times cannot be known: it has no dataset 'timestamp' (seconds since 1970), and its "
         "name is not a year, as 2018.h5; add timestamps with makani's annotation script",
         origin);
  }
  const std::chrono::year year(std::stoi(part[1]));
  const std::chrono::hours hours =
      std::chrono::sys_days(std::chrono::year_month_day((year + std::chrono::years(1)) / 1 / 1)) -
      std::chrono::sys_days(std::chrono::year_month_day(year / 1 / 1));
  if (samples == 0 || hours.count() % samples != 0 || hours.count() < static_cast<long>(samples)) {
    fail(ExitCode::bad_input,
         "{}: its times cannot be known: it has no dataset 'timestamp', and its {} samples are not the "
         "{} hours of {} in equal steps of whole hours",
         origin, samples, hours.count(), static_cast<int>(year));
  }
  std::vector<Time> times;
  for (hsize_t i = 0; i < samples; ++i) {
    times.push_back(std::chrono::sys_days(std::chrono::year_month_day(year / 1 / 1)) + i * (hours / samples));
  }
  return times;
}

std::vector<Time> times_from(const std::vector<double>& seconds, const std::string& origin) {
  std::vector<Time> times;
  for (const double value : seconds) {
    if (!(std::abs(value) < 1e11)) {
      fail(ExitCode::bad_input, "{}: timestamp {} is not in seconds since 1970-01-01", origin, value);
    }
    times.push_back(Time(Duration(std::llround(value))));
  }
  return times;
}

class MakaniFile : public FieldFile {
 public:
  MakaniFile(fs::path path, std::string origin) : path_(std::move(path)), origin_(std::move(origin)) {
    const Hdf5File file(path_, origin_);
    shape_ = file.shape("fields");
    if (shape_.size() != 4) {
      fail(ExitCode::bad_input, "{}: dataset 'fields' has {} dimensions: expected [time, channel, lat, lon]", origin_,
           shape_.size());
    }
    if (shape_[0] > longest_axis) fail(ExitCode::bad_input, "{}: dataset 'fields' has {} times", origin_, shape_[0]);
    times_ = file.has("timestamp") ? times_from(file.axis("timestamp", shape_[0]), origin_)
                                   : times_of_year(shape_[0], origin_);
    if (file.has("channel")) channels_ = file.texts("channel", shape_[1]);
    for (std::string& name : channels_) name = canonical_channel(name);
    if (file.has("lat") && file.has("lon")) {
      lat_ = file.axis("lat", shape_[2]);
      lon_ = file.axis("lon", shape_[3]);
    }
  }

  std::optional<std::vector<float>> read(const FieldRequest& request, FileUse& use) override {
    const auto time = std::ranges::find(times_, request.time);
    const auto channel = channel_position(request);
    if (time == times_.end() || !channel) return std::nullopt;
    const GridMatch match = matched(request);
    const hsize_t sample = time - times_.begin();
    const std::vector<double> slab =
        Hdf5File(path_, origin_).numbers("fields", {sample, *channel, 0, 0}, {1, 1, shape_[2], shape_[3]});
    const std::vector<double> points = take_points(slab, shape_[3], 1, match);
    const std::vector<float> field(points.begin(), points.end());
    if (use.bytes == 0) use.notes.push_back("bytes and sha256 are those of the fields read, as float32");
    use.take(std::as_bytes(std::span(field)));
    return field;
  }

  std::string content() const override {
    const std::string names = channels_.empty() ? fmt::format("{} channels", shape_[1])
                                                : fmt::format("channels {}", fmt::join(channels_, " "));
    if (times_.empty()) return names + ", no time";
    return fmt::format("{} at {} times, {} .. {}", names, times_.size(), iso_time(times_.front()),
                       iso_time(times_.back()));
  }

 private:
  std::optional<hsize_t> channel_position(const FieldRequest& request) const {
    if (channels_.empty()) {
      if (shape_[1] == request.channels.size()) return request.index;
      fail(ExitCode::bad_input,
           "{}: channel {}: the file has {} channels and does not name them: expected the package's {} "
           "in its order, or a dataset 'channel' with their names",
           origin_, request.channel(), shape_[1], request.channels.size());
    }
    const auto found = std::ranges::find(channels_, request.channel());
    if (found == channels_.end()) return std::nullopt;
    return found - channels_.begin();
  }

  GridMatch matched(const FieldRequest& request) const {
    const std::string origin = fmt::format("{}: channel {}", origin_, request.channel());
    if (!lat_.empty()) return match_grid(lat_, lon_, request.grid, origin);
    const bool same = shape_[2] == request.grid.lat.size() && shape_[3] == request.grid.lon.size();
    if (!same) {
      fail(ExitCode::bad_input,
           "{}: fields of {}x{} points without datasets 'lat' and 'lon': expected the wanted {}x{} grid", origin,
           shape_[2], shape_[3], request.grid.nlat(), request.grid.nlon());
    }
    return match_grid(request.grid.lat, request.grid.lon, request.grid, origin);
  }

  fs::path path_;
  std::string origin_;
  std::vector<hsize_t> shape_;  // time, channel, lat, lon
  std::vector<Time> times_;
  std::vector<std::string> channels_;  // empty: the file does not say
  std::vector<double> lat_, lon_;      // empty: the file does not say
};

}  // namespace

std::unique_ptr<FieldFile> open_makani_file(const fs::path& path, const std::string& origin) {
  return std::make_unique<MakaniFile>(path, origin);
}

}  // namespace hens
