#include "ec2/expiry.h"

#include <chrono>
#include <cstdlib>

#include "base/error.h"

namespace hens::ec2 {

Time current_time() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

bool expired(const Tags& tags, Time when) {
  try {
    return parse_time(value_of(tags, tag::expires)) <= when;
  } catch (const Error&) {
    return false;
  }
}

std::optional<double> cost_so_far(const Instance& instance, Time now) {
  const double price = std::strtod(value_of(instance.tags, tag::price).c_str(), nullptr);
  if (!(price > 0) || instance.state == "stopped") return std::nullopt;
  return price * static_cast<double>((now - instance.launched).count()) / 3600;
}

std::string minutes_text(Duration duration) {
  const auto minutes = duration.count() / 60;
  return minutes < 60 ? fmt::format("{} min", minutes) : fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

}  // namespace hens::ec2
