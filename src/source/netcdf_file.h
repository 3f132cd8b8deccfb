// A netCDF file, read only: dimensions, variables, attributes and unpacked slabs of numbers.
//
// The one place of this folder that knows netCDF-C (which keeps one place for classic and netCDF-4 files). Every call
// is made under the NetcdfLock, so all functions are thread-safe. Files are untrusted: sizes are bounded before memory
// is taken. Groups below the root are not looked at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/files.h"

namespace hens {

struct NetcdfVariable {
  int id = 0;
  std::string name;
  std::vector<std::string> dimensions;  // names, slowest first
  std::vector<size_t> shape;            // lengths of them
  bool numeric = false;

  size_t size() const;  // of a scalar: 1
};

class NetcdfFile {
 public:
  // `origin` is what the user calls the file. Throws Error{bad_input} naming it where it is no netCDF file.
  NetcdfFile(const fs::path& path, std::string origin);
  ~NetcdfFile();
  NetcdfFile(const NetcdfFile&) = delete;
  NetcdfFile& operator=(const NetcdfFile&) = delete;

  const std::string& origin() const { return origin_; }
  const std::vector<NetcdfVariable>& variables() const { return variables_; }
  const NetcdfVariable* find(const std::string& name) const;  // null where there is none

  // A text attribute; empty where there is none.
  std::string text(const NetcdfVariable& variable, const char* attribute) const;

  // The slab of `count` entries from `start` along each dimension, in the variable's axis order: scale_factor and
  // add_offset applied, NaN where _FillValue or missing_value stands. Throws Error{bad_input} naming file and variable.
  std::vector<double> read(const NetcdfVariable& variable, const std::vector<size_t>& start,
                           const std::vector<size_t>& count) const;
  std::vector<double> read_all(const NetcdfVariable& variable) const;

 private:
  std::optional<double> number(const NetcdfVariable& variable, const char* attribute) const;
  void read_variables();

  std::string origin_;
  int id_ = -1;
  std::vector<NetcdfVariable> variables_;
};

}  // namespace hens
