// What both programs of hens have around their commands: standard descriptors that exist, and the one place where an
// exception becomes an exit code.
#pragma once

#include <string>
#include <vector>

namespace hens {

// Runs `dispatch` on the arguments after the program's name. An Error becomes its code, anything else 70, with a line
// "<name>: <what>" on stderr; where that line cannot be written the code is still the same. Results that cannot be
// written to stdout are 74.
//
// Where a program was started with descriptor 0, 1 or 2 closed, the next file that it opens would get that number, and
// the log would be written into it: /dev/null is put there first.
int run_tool(const char* name, int argc, char** argv,
             int (*dispatch)(const std::vector<std::string>& arguments)) noexcept;

}  // namespace hens
