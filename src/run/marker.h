// Completion markers: a member is complete when, and only when, its marker is there. The marker is published after all
// of the member's data and lists every file with size and SHA-256.
#pragma once

#include <string>
#include <vector>

#include "job/member_id.h"
#include "store/store.h"

namespace hens {

struct Marker {
  std::string forecast_hash;  // of the spec
  std::string run_identity;   // weights, precision and device kind: RunIdentity::of_model()
  MemberId id;
  int attempt = 0;                // 1 for the first
  std::vector<StoredFile> files;  // paths relative to the run's folder
  nlohmann::ordered_json timing;  // seconds by stage, of this member
  std::string finished;           // iso_moment() of its publication; empty in old markers
};

void publish_marker(const fs::path& path, const Marker& marker);
Marker read_marker(const fs::path& path);  // Throws Error{bad_input} naming the path where it is damaged

enum class FileState { good, missing, wrong_size, wrong_checksum };
const char* text(FileState state);

// Looks at one file: its size, and its digest where `full`.
FileState check_file(const fs::path& root, const StoredFile& file, bool full);

}  // namespace hens
