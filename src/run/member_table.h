// members.csv: the members of a run that are complete or failed, one a line, for spreadsheets and data frames. run.json
// names the table with its checksum. Nothing in hens reads it: markers and attempts are what counts.
//
//   nsteps,model,time,member,state,attempt,finished,perturbation_s,steps_s,output_wait_s,total_s,bytes,failed_step,
//   failed_variable
// `state` is complete or failed; of a failed member the columns from `finished` to `bytes` are empty, of a complete one
// the last two. Lines are in running order.
#pragma once

#include "run/manifest.h"

namespace hens {

inline constexpr const char* member_table_file = "members.csv";

std::string member_table_header();  // with its line end, as each line
std::string member_table_line(const JobSpec& spec, const MemberEntry& entry);

// Publishes the table of `manifest.members` in `root`; leaves it untouched where it is as it has to be. Holds no more
// than a few lines at a time.
StoredFile publish_member_table(const fs::path& root, const Manifest& manifest);

}  // namespace hens
