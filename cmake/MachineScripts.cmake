# src/ec2/machine/*.sh, which run on the machines that hens-ec2 launches, become string constants of the program:
# machine_scripts.cc, declared in src/ec2/user_data.cc.
function(hens_embed_machine_scripts target)
  set(text "// Made from src/ec2/machine/*.sh.\n#include <string_view>\nnamespace hens::ec2 {\n")
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/ec2/machine/*.sh)
  foreach(script IN LISTS scripts)
    get_filename_component(name ${script} NAME_WE)
    file(READ ${script} body)
    string(APPEND text "extern const std::string_view ${name}_script;\n"
                       "const std::string_view ${name}_script = R\"HENS_EC2(${body})HENS_EC2\";\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${script})
  endforeach()
  string(APPEND text "}  // namespace hens::ec2\n")
  file(WRITE ${CMAKE_BINARY_DIR}/machine_scripts.new "${text}")
  configure_file(${CMAKE_BINARY_DIR}/machine_scripts.new ${CMAKE_BINARY_DIR}/machine_scripts.cc COPYONLY)
  target_sources(${target} PRIVATE ${CMAKE_BINARY_DIR}/machine_scripts.cc)
endfunction()
