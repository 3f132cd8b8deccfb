// GRIB messages of the tests' own, made with ecCodes: constant fields on the globe in steps of 45 degrees.
#pragma once

#include <eccodes.h>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace hens::test {

struct GribDelete {
  void operator()(codes_handle* handle) const noexcept { codes_handle_delete(handle); }
};

class GribWriter {
 public:
  // `sample`: regular_ll_sfc_grib2 or regular_ll_sfc_grib1.
  explicit GribWriter(const char* sample = "regular_ll_sfc_grib2")
      : handle_(codes_grib_handle_new_from_samples(nullptr, sample)) {
    set("Ni", 8), set("Nj", 5);
    set("latitudeOfFirstGridPoint", edition_1(sample) ? 90'000 : 90'000'000);
    set("latitudeOfLastGridPoint", edition_1(sample) ? -90'000 : -90'000'000);
    set("longitudeOfFirstGridPoint", 0), set("longitudeOfLastGridPoint", edition_1(sample) ? 315'000 : 315'000'000);
    set("iDirectionIncrement", edition_1(sample) ? 45'000 : 45'000'000);
    set("jDirectionIncrement", edition_1(sample) ? 45'000 : 45'000'000);
    set("dataDate", 20240101), set("dataTime", 0);
  }
  GribWriter& set(const char* key, long value) {
    EXPECT_EQ(codes_set_long(handle_.get(), key, value), CODES_SUCCESS) << key;
    return *this;
  }
  GribWriter& set(const char* key, const std::string& value) {
    size_t size = value.size();
    EXPECT_EQ(codes_set_string(handle_.get(), key, value.c_str(), &size), CODES_SUCCESS) << key;
    return *this;
  }
  std::string message(double value) {
    const std::vector<double> values(8 * 5, value);
    EXPECT_EQ(codes_set_double_array(handle_.get(), "values", values.data(), values.size()), CODES_SUCCESS);
    const void* bytes = nullptr;
    size_t size = 0;
    EXPECT_EQ(codes_get_message(handle_.get(), &bytes, &size), CODES_SUCCESS);
    return {static_cast<const char*>(bytes), size};
  }

 private:
  static bool edition_1(const std::string& sample) { return sample.ends_with("1"); }
  std::unique_ptr<codes_handle, GribDelete> handle_;
};

}  // namespace hens::test
