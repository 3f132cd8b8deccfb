// Another place than the run's folder that has a run's files. Thread-safe.
#pragma once

#include "run/marker.h"

namespace hens {

class FilesElsewhere {
 public:
  virtual ~FilesElsewhere() = default;
  // Whether `file` of the member with this marker is there, whole. Where `full`, it is looked for; else its marker,
  // which comes after it, is enough.
  virtual bool holds(const fs::path& marker, const StoredFile& file, bool full) = 0;
  // The member does not count as complete any more.
  virtual void withdraw(const fs::path& marker) = 0;
};

}  // namespace hens
