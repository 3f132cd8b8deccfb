// A file or store of named arrays with named dimensions and attributes, read only: what netCDF and Zarr have in common,
// and all that CF's rules (cf_fields.h) need to know of either.
//
// Files are untrusted: every implementation bounds sizes before memory is taken.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace hens {

struct DatasetVariable {
  int id = 0;  // the format's own number for it
  std::string name;
  std::vector<std::string> dimensions;  // names, slowest first
  std::vector<size_t> shape;            // lengths of them
  bool numeric = false;
  int type = 0;  // netCDF's number for its type

  size_t size() const;  // of a scalar: 1; the largest number there is where it would be more
};

class Dataset {
 public:
  explicit Dataset(std::string origin) : origin_(std::move(origin)) {}
  virtual ~Dataset() = default;
  Dataset(const Dataset&) = delete;

  const std::string& origin() const { return origin_; }  // what the user calls it
  // Those that are known; a variable keeps its address.
  const std::deque<DatasetVariable>& variables() const { return variables_; }
  // Null where there is none. Throws Error{bad_input} naming it where it is there and cannot be read by anybody.
  virtual const DatasetVariable* find(const std::string& name) const;

  // A text attribute, or one number as text; empty where there is none.
  virtual std::string text(const DatasetVariable& variable, const char* attribute) const = 0;

  // What stands at `index` of a variable of one dimension: a number, or a text ("0005"). Empty for other types.
  virtual std::string label(const DatasetVariable& variable, size_t index) const = 0;

  // The slab of `count` entries from `start` along each dimension, in the variable's axis order, unpacked; NaN where
  // no value stands. None where a part of it was never written. Throws Error{bad_input} naming file and variable, and
  // what is at fault.
  virtual std::optional<std::vector<double>> find_slab(const DatasetVariable& variable,
                                                       const std::vector<size_t>& start,
                                                       const std::vector<size_t>& count) const = 0;

  // All of a coordinate.
  virtual std::vector<double> read_all(const DatasetVariable& variable) const = 0;

  // What a store says of itself for whoever misses something: "chunk t2m/c.0 was never written"; may be empty.
  virtual std::string remark() const { return ""; }

 protected:
  mutable std::deque<DatasetVariable> variables_;  // a store may learn of them as they are asked for

 private:
  std::string origin_;
};

}  // namespace hens
