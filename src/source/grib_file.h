// A GRIB file of the user's as fields: messages are found by what they hold, not by where they are.
#pragma once

#include "source/file_source.h"

namespace hens {

// Reads the headers of all messages, of every field where one holds several. Geopotential may be there as heights in
// gpm, specific humidity as relative humidity with temperature.
//
// What is no state at one moment (a mean over time, an ensemble's spread, a probability ...) is passed over, and
// members of an ensemble give way to its unperturbed forecast; the notes of a FileUse say how much of what. Of several
// forecasts valid at one time the latest cycle's is taken. Fields that still compete must be copies of each other.
// What `choice` names alone is looked at.
//
// Throws Error{bad_input} naming `origin`: a truncated message, several ensemble members and no unperturbed one; when
// read: two fields for one channel and time that differ.
std::unique_ptr<FieldFile> open_grib_file(const fs::path& path, const std::string& origin,
                                          const ForecastChoice& choice = {});

}  // namespace hens
