#include "source/humidity.h"

#include <cmath>

namespace hens {

double specific_humidity(double relative_humidity, double temperature, double pressure) {
  const double saturation = 611.2 * std::exp(17.67 * (temperature - 273.15) / (temperature - 29.65));  // Pa
  const double vapour = relative_humidity / 100.0 * saturation;                                        // Pa
  return 0.622 * vapour / (pressure - 0.378 * vapour);
}

}  // namespace hens
