// Amplitudes of perturbations from a netCDF file of forecast errors, as Earth2Studio's HENS recipe has them: the root
// mean square error of each channel at one lead time (d2m ... z500 at 48 h), times a factor (0.35).
//
//   value(channel, lead_time) or value(channel): in the channels' units; channel: names; lead_time: hours, or in its
//   `units`. Another variable, if it is the only one with a channel dimension; other dimensions have one entry. The
//   dimension may be called `variable`.
#pragma once

#include <string>
#include <vector>

#include "job/job_spec.h"

namespace hens {

// Of the file's channels, those that are in `of_model`, or of `file.channels` where these are named. The file is read
// in a process of its own (base/decoder.h). Throws Error{missing_input}, or {bad_input} naming the file and what in it
// is missing or no amplitude (negative, not finite).
Amplitudes read_amplitudes(const AmplitudeFile& file, const std::vector<std::string>& of_model);

}  // namespace hens
