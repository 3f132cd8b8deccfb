#include "run/member_table.h"

#include <functional>

#include "base/checksum.h"
#include "base/error.h"
#include "run/marker.h"

namespace hens {
namespace {

// Hands the table to `use`, about 64 KiB at a time.
void for_each_part(const Manifest& manifest, const std::function<void(std::string_view)>& use) {
  std::string part = member_table_header();
  for (const MemberEntry& entry : manifest.members) {
    if (entry.state != MemberState::pending) part += member_table_line(manifest.spec, entry);
    if (part.size() < (size_t{64} << 10)) continue;
    use(part);
    part.clear();
  }
  use(part);
}

}  // namespace

std::string member_table_header() {
  return "nsteps,model,time,member,state,attempt,finished,perturbation_s,steps_s,output_wait_s,total_s,bytes,"
         "failed_step,failed_variable\n";
}

std::string member_table_line(const JobSpec& spec, const MemberEntry& entry) {
  const MemberTime& time = entry.time;
  const std::string member = fmt::format("{},{},{},{}", spec.forecast.steps.at(entry.id.length), entry.id.model,
                                         iso_time(spec.initial_conditions.times.at(entry.id.time)), entry.id.member);
  if (entry.state == MemberState::failed) {
    const NotFinite where = entry.failure.value_or(NotFinite{});
    return fmt::format("{},failed,{},,,,,,,{},{}\n", member, entry.attempt, where.step, where.variable);
  }
  return fmt::format("{},complete,{},{},{},{},{},{},{},,\n", member, entry.attempt,
                     entry.finished ? iso_moment(*entry.finished) : "", time.perturbation, time.steps, time.output_wait,
                     time.total, entry.bytes);
}

StoredFile publish_member_table(const fs::path& root, const Manifest& manifest) {
  StoredFile table{member_table_file};
  Sha256 digest;
  for_each_part(manifest, [&](std::string_view part) {
    digest.update(part);
    table.bytes += part.size();
  });
  table.sha256 = digest.hex();
  if (check_file(root, table, /*full=*/true) == FileState::good) return table;
  PendingFile file(root / table.path);
  for_each_part(manifest, [&](std::string_view part) { file.write(part); });
  file.publish();
  return table;
}

}  // namespace hens
