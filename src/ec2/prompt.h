// Questions to whoever sits at the terminal.
#pragma once

#include <string>

namespace hens::ec2 {

// Whether somebody does.
bool at_terminal();

// Shows `question` and returns the line typed; empty at the end of input.
std::string ask(const std::string& question);

// True for y and yes.
bool confirm(const std::string& question);

}  // namespace hens::ec2
