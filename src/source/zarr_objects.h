// The objects of a Zarr store: small files under keys like "t2m/c/0/0/0", in a folder, or brought one by one from
// elsewhere. Readers ask for parts of them; all bytes are untrusted, and keys are held to what cannot leave the store.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"

namespace hens {

// Bytes of an object.
struct ObjectPart {
  enum class Kind { whole, range, tail };  // tail: the last `size` bytes
  Kind kind = Kind::whole;
  std::string key;
  uint64_t offset = 0, size = 0;  // whole: the most that it may have
  bool optional = false;          // the store may as well not have it: it is only looked for
  auto operator<=>(const ObjectPart&) const = default;
};

class ZarrObjects {
 public:
  virtual ~ZarrObjects() = default;
  // Says what will be asked for next, so that it can be brought at once.
  virtual void expect(const std::vector<ObjectPart>& parts) const = 0;
  // None where there is no such object. Throws Error{bad_input} naming it where it does not have these bytes, or more
  // than a whole one may.
  virtual std::optional<std::vector<std::byte>> get(const ObjectPart& part) const = 0;
  // Whether list() knows all names.
  virtual bool lists() const = 0;
  // Folders at the store's top.
  virtual std::vector<std::string> list() const = 0;
};

// Whether `name` may be an array's: one folder of the store, neither hidden nor above it.
bool is_array_name(const std::string& name);

// A folder of this machine. Links are followed as far as they stay in it.
class ZarrFolder : public ZarrObjects {
 public:
  ZarrFolder(const fs::path& folder, std::string origin);
  void expect(const std::vector<ObjectPart>&) const override {}
  std::optional<std::vector<std::byte>> get(const ObjectPart& part) const override;
  bool lists() const override { return true; }
  std::vector<std::string> list() const override;

 private:
  fs::path folder_;  // without links
  std::string origin_;
};

// Parts that have to be brought before a reader can go on.
struct MissingObjects {
  std::vector<ObjectPart> parts;
};

// What was brought so far, as files of this machine. expect() and get() throw MissingObjects for what was not.
class StagedObjects : public ZarrObjects {
 public:
  explicit StagedObjects(std::string origin) : origin_(std::move(origin)) {}
  // `path`: a file of these bytes alone; empty: there is no such object.
  void put(const ObjectPart& part, const fs::path& path) { files_[part] = path; }
  void expect(const std::vector<ObjectPart>& parts) const override;
  std::optional<std::vector<std::byte>> get(const ObjectPart& part) const override;
  bool lists() const override { return false; }
  std::vector<std::string> list() const override { return {}; }

 private:
  std::string origin_;
  std::map<ObjectPart, fs::path> files_;
};

}  // namespace hens
