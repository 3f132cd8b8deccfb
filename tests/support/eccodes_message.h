// A GRIB message as ecCodes reads it, for tests that hold what hens writes against it.
#pragma once

#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/eccodes_lock.h"

namespace hens::test {

class EccodesMessage {
 public:
  explicit EccodesMessage(std::span<const std::byte> bytes) {
    const EccodesLock held;
    handle_.reset(codes_handle_new_from_message_copy(nullptr, bytes.data(), bytes.size()));
    if (!handle_) ADD_FAILURE() << "ecCodes reads no message";
  }

  long number(const char* key) const {
    const EccodesLock held;
    long value = -1;
    const int status = codes_get_long(handle_.get(), key, &value);
    EXPECT_EQ(status, CODES_SUCCESS) << key << ": " << codes_get_error_message(status);
    return value;
  }

  double real(const char* key) const {
    const EccodesLock held;
    double value = NAN;
    const int status = codes_get_double(handle_.get(), key, &value);
    EXPECT_EQ(status, CODES_SUCCESS) << key << ": " << codes_get_error_message(status);
    return value;
  }

  std::string text(const char* key) const {
    const EccodesLock held;
    char buffer[256] = "";
    size_t size = sizeof buffer;
    const int status = codes_get_string(handle_.get(), key, buffer, &size);
    EXPECT_EQ(status, CODES_SUCCESS) << key << ": " << codes_get_error_message(status);
    return buffer;
  }

  // In scanning order; NaN where the bitmap says missing.
  std::vector<double> values() const {
    const EccodesLock held;
    constexpr double missing = -1e300;
    codes_set_double(handle_.get(), "missingValue", missing);
    size_t size = 0;
    EXPECT_EQ(codes_get_size(handle_.get(), "values", &size), CODES_SUCCESS);
    std::vector<double> values(size);
    const int status = codes_get_double_array(handle_.get(), "values", values.data(), &size);
    EXPECT_EQ(status, CODES_SUCCESS) << codes_get_error_message(status);
    for (double& value : values) {
      if (value == missing) value = NAN;
    }
    return values;
  }

 private:
  struct Delete {
    void operator()(codes_handle* handle) const noexcept { codes_handle_delete(handle); }
  };
  std::unique_ptr<codes_handle, Delete> handle_;
};

}  // namespace hens::test
