// Overrides of a spec on the command line: a.b=c, bare or behind --set.
#pragma once

#include "commands/command_line.h"

namespace hens {

void add_set_option(CommandLine& line);

// All overrides, in the order bare ones first. Throws Error{usage} naming a positional argument that is none.
std::vector<std::string> spec_overrides(const CommandLine& line);

}  // namespace hens
