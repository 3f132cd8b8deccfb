#include "ec2/price.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace hens::ec2 {
namespace {

// Where the table's prices hold.
constexpr std::array<std::string_view, 3> regions{"us-east-1", "us-east-2", "us-west-2"};

// Published Linux on-demand prices, typed in by hand: nothing asks AWS' price list.
constexpr std::array<std::pair<std::string_view, double>, 17> prices{{
    {"g5.xlarge", 1.006},
    {"g5.2xlarge", 1.212},
    {"g5.4xlarge", 1.624},
    {"g5.8xlarge", 2.448},
    {"g6.xlarge", 0.8048},
    {"g6.2xlarge", 0.9776},
    {"g6.4xlarge", 1.3232},
    {"g6.8xlarge", 2.0144},
    {"g6e.xlarge", 1.861},
    {"g6e.2xlarge", 2.24208},
    {"g6e.4xlarge", 3.00424},
    {"g6e.8xlarge", 4.52856},
    {"g6e.12xlarge", 10.49264},
    {"g6e.16xlarge", 7.57719},
    {"g6e.24xlarge", 15.06559},
    {"g6e.48xlarge", 30.13118},
    {"p5.48xlarge", 55.04},
}};

}  // namespace

bool is_priced(const std::string& region) { return std::find(regions.begin(), regions.end(), region) != regions.end(); }

std::optional<double> default_price(const std::string& instance_type) {
  for (const auto& [type, price] : prices) {
    if (type == instance_type) return price;
  }
  return std::nullopt;
}

std::vector<std::string> priced_types() {
  std::vector<std::string> types;
  for (const auto& [type, price] : prices) types.emplace_back(type);
  return types;
}

double parse_price(const std::string& text) {
  // Digits and one point alone: what std::stod makes of these is the same in every locale but for the point, and the
  // programs here set none. (from_chars of a double is new in the C++ library of macOS.)
  const bool plain = text.size() <= 20 && text.find_first_not_of("0123456789.") == std::string::npos &&
                     std::count(text.begin(), text.end(), '.') <= 1 && text != "." && !text.empty();
  const double value = plain ? std::stod(text) : 0;
  if (!(value > 0) || !(value < 10'000)) {
    fail(ExitCode::usage, "--price-per-hour {}: expected USD an hour, as 3.00424", text);
  }
  return value;
}

std::string most_cost_text(double price_per_hour, Duration timer) {
  const double cents = price_per_hour * static_cast<double>(timer.count()) / 3600 * 100;
  return fmt::format("{:.2f} USD", std::ceil(cents - 1e-9) / 100);
}

std::string spot_text(std::optional<double> most) {
  return fmt::format(
      "A spot machine costs what the market asks, {}; EC2 may take it back with two minutes' notice: the job then ends "
      "with 75, its results are uploaded, and the same command goes on.",
      most ? fmt::format("at most {} USD/h (--spot-price)", *most)
           : "never more than on demand (--spot-price names a lower limit)");
}

std::string launch_cost_text(const std::string& instance_type, const std::string& region,
                             std::optional<double> given_price, int timer_minutes) {
  const auto price = given_price ? given_price : default_price(instance_type);
  if (!price) {
    return fmt::format("No price is known for {}: --price-per-hour names it. The timer is {} min.", instance_type,
                       timer_minutes);
  }
  const std::string cost = most_cost_text(*price, std::chrono::minutes(timer_minutes));
  const std::string product = fmt::format("{} min x {} USD/h", timer_minutes, *price);
  const std::string rest =
      "Extending the timer adds to it; a few minutes of start and end, the disk (0.02 USD/h), the public address "
      "(0.005) and "
      "traffic come on top.";
  if (given_price) return fmt::format("At most {}: {} (--price-per-hour). {}", cost, product, rest);
  if (is_priced(region)) {
    return fmt::format("At most {}: {} (on demand, {}; --price-per-hour names yours). {}", cost, product, price_date,
                       rest);
  }
  return fmt::format("{} if {} cost what us-east-1 does: {} ({}). It costs more: --price-per-hour names it. {}", cost,
                     region, product, price_date, rest);
}

}  // namespace hens::ec2
