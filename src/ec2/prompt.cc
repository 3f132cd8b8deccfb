#include "ec2/prompt.h"

#include <iostream>
#include <unistd.h>

namespace hens::ec2 {

bool at_terminal() { return ::isatty(STDIN_FILENO) != 0; }

std::string ask(const std::string& question) {
  std::cerr << question << std::flush;
  std::string line;
  std::getline(std::cin, line);
  return line;
}

bool confirm(const std::string& question) {
  const std::string answer = ask(question + " [y/N] ");
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace hens::ec2
