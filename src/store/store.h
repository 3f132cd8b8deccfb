// Stores: where forecasts end up, as Zarr v3, netCDF-4 or GRIB2, one file per member and variable (Zarr; without
// shards: per field) or member. What the arrays of a layout are called and how they are ordered is
// store/store_arrays.h.
//
// A store's metadata and coordinates are a pure function of its layout: making them again changes no byte, so that
// several processes may do it at the same time. A member's files appear whole or not at all. Nothing in a store depends
// on clock, host, path or attempt.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/time.h"
#include "grid/region.h"
#include "job/job_spec.h"

namespace hens {

// What GRIB2 says beside the fields.
struct GribLayout {
  GribSpec made_by;
  GribFiles files = GribFiles::member;
  int bits = 0;               // of a value; 0: by its kind
  bool control = false;       // member 0 is not perturbed
  bool perturbed = false;     // the other members are
  bool signed_pairs = false;  // each perturbation is taken with + and with -, by turns
};

struct StoreLayout {
  StoreFormat format = StoreFormat::zarr;
  Compression compression = Compression::none;
  Domain domain;
  std::vector<std::string> variables;  // canonical channel names
  int members = 0;
  std::vector<Time> times;      // initial times
  std::vector<Duration> leads;  // ascending
  std::string title;            // global attribute
  std::string source;           // global attribute: which model made it
  OutputLayout layout = OutputLayout::hens;
  bool shard = true;                // Zarr: a file holds all leads of a variable; false: one field
  std::vector<int> keep_bits = {};  // [variable] of the mantissa; none: all of all

  int bits_of(size_t variable) const { return keep_bits.empty() ? mantissa_bits : keep_bits.at(variable); }
  GribLayout grib = {};
};

// A file whose content the layout alone determines: metadata or a coordinate.
struct PrescribedFile {
  std::string path;   // relative to the store's folder
  std::string bytes;  // all of its content
};

// A file that a member left, relative to the store's folder.
struct StoredFile {
  std::string path;
  uint64_t bytes = 0;
  std::string sha256;
  bool operator==(const StoredFile&) const = default;
};

// Takes the fields of one member, lead by lead, and publishes them at the end. Destroyed before finish(),
// it leaves nothing. One thread at a time, but append() of variables of different lanes may run at the
// same time. Misuse (a lead out of order or missing, a field of another size) is std::logic_error.
class MemberWriter {
 public:
  virtual ~MemberWriter() = default;
  // Variables of the same lane share state: their fields are written one after the other, in the order they came.
  virtual int lane([[maybe_unused]] int variable) const { return 0; }
  // Appends lead number `lead` (each variable: 0, 1, 2 ... in order) of `variable`: [lat, lon] or [point], float32.
  virtual void append(int variable, int lead, std::span<const float> field) = 0;
  // Makes everything durable under its final name; all leads of all variables must be there.
  virtual std::vector<StoredFile> finish() = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  // Metadata and coordinates as they have to be.
  virtual std::vector<PrescribedFile> prescribed_files() const = 0;
  // Publishes prescribed_files() (idempotent; mends damage). Call before the first member and at the end.
  virtual std::vector<StoredFile> publish_metadata() = 0;
  // Thread-safe: several members may be written at the same time.
  virtual std::unique_ptr<MemberWriter> member(int time, int member) = 0;
  // The files that member (time, member) consists of, by name.
  virtual std::vector<std::string> member_files(int time, int member) const = 0;
  // Whether `file` is the name of a file of one of the layout's members.
  virtual bool is_member_file(std::string_view file) const = 0;
  // Reads one field back: [lat, lon] or [point]. Throws Error{bad_input} naming the file where it is damaged,
  // {missing_input}.
  virtual std::vector<float> read(int variable, int time, int member, int lead) const = 0;
  virtual const StoreLayout& layout() const = 0;
};

// Publishes each file in `folder`; leaves those untouched that already are as they have to be.
std::vector<StoredFile> publish_files(const fs::path& folder, const std::vector<PrescribedFile>& files);

// `folder` is the store itself, DIR/hens_0.zarr say. Writes nothing.
std::unique_ptr<Store> open_store(const fs::path& folder, const StoreLayout& layout);

}  // namespace hens
