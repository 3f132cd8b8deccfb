// Humidity from what old analyses have of it.
#pragma once

namespace hens {

// Specific humidity [kg kg-1] from relative humidity [%] over water, temperature [K] and pressure [Pa]:
// es = 611.2 exp(17.67 (T - 273.15) / (T - 29.65)) (Bolton 1980, Mon. Wea. Rev. 108, equation 10, in kelvins),
// e = RH / 100 es, q = 0.622 e / (p - 0.378 e). Requires T > 29.65. In double throughout.
double specific_humidity(double relative_humidity, double temperature, double pressure);

}  // namespace hens
