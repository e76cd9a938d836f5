// What the pages of docs/ take as given. Never linked: their blocks are compiled.
#pragma once

#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/tamis.hpp>

extern const tamis::CrossEncoder model;
extern const std::string query;
extern const std::vector<std::string_view> texts;
extern const float* const q;  // the vectors of a query, 32 rows of 128
extern const std::vector<tamis::TokenVectors> pages;
extern const std::vector<tamis::DeviceVectors> resident;
std::vector<tamis::Candidate> search(std::string_view asked);
void use(std::string_view text);
