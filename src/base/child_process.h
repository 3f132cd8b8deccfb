// Programs that ours starts: found on PATH, given an argument vector, never a line for a shell. Only child_process.cc
// knows Boost.Process.
//
// A child gets our environment with additions, and is waited for. Functions may be called from several threads.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace hens {

struct ChildCommand {
  std::vector<std::string> argv;                        // argv[0] is a name looked up on PATH, or a path
  std::map<std::string, std::string> environment = {};  // added to ours, or in place of ours
  std::string_view input = {};                          // for its standard input; run_captured only
};

struct ChildResult {
  int exit_code = 0;  // as a shell gives it: 128 + n after signal n
  std::string out, err;
};

// The executable that `name` means: itself where it has a slash, else the first on PATH.
std::optional<fs::path> find_program(const std::string& name);

// Runs a child to its end with both outputs captured. Throws Error{missing_input} naming a program that is not there.
ChildResult run_captured(const ChildCommand& command);

// Starts a child with these descriptors as its standard input, output and error, and returns its process number: the
// caller waits for it. Errors as run_captured. See base/talking_child.h.
int start_with_descriptors(const ChildCommand& command, int input, int output, int error);

// Runs a child to its end on our own terminal and outputs. Returns its exit code; errors as run_captured.
int run_attached(const ChildCommand& command);

}  // namespace hens
