// NumPy's .npy files, format versions 1 to 3: little-endian, C order, of float32, float64, int32 or int64.
//
// The header is parsed by a bounded scanner of its own: sizes are checked against the file before memory is taken.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/files.h"

namespace hens {

struct NpyArray {
  std::string dtype;  // "<f4", "<f8", "<i4", "<i8"
  std::vector<int64_t> shape;
  std::string data;  // raw little-endian elements

  int64_t elements() const;
  // The elements as T, converted where the file holds another type.
  template <typename T>
  std::vector<T> as() const;
};

// Throws Error{missing_input}, or {bad_input} naming the file and what is wrong with its header or size.
NpyArray read_npy(const fs::path& path);

// Bytes of a version 1.0 file of float32 [shape].
std::string npy_bytes(std::span<const float> values, const std::vector<int64_t>& shape);

}  // namespace hens
