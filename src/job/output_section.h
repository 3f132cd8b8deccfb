// Reads the spec's section `output`.
#pragma once

#include "job/section_reader.h"

namespace hens {

// One output, or a list of them, which is empty where statistics or tracks alone are wanted. Each must store something
// of each forecast, the shortest of which has `shortest` steps.
void read_outputs(SectionReader& top, std::vector<OutputSpec>& outputs, int shortest, Problems& problems);

}  // namespace hens
