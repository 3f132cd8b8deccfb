// Where it is recorded what became of a member. Implemented by the run's folder; thread-safe.
#pragma once

#include <vector>

#include "run/manifest.h"
#include "store/store.h"

namespace hens {

class MemberRecords {
 public:
  virtual ~MemberRecords() = default;
  // Everything of the member is durable: `files` are all that it left, by path relative to the run's folder.
  virtual void complete(const MemberId& task, std::vector<StoredFile> files, const MemberTime& time) = 0;
  // Another process completed the member, and recorded it in the folder.
  virtual void completed_by_worker([[maybe_unused]] const MemberId& task) {}
  // The member was given up.
  virtual void record_failed(const MemberFailure& failure) = 0;
};

}  // namespace hens
