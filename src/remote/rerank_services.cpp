// remote/rerank_services.cpp: what is known of each service.
#include <algorithm>
#include <array>

#include <tamis/remote/rerank_api.hpp>

namespace tamis {
namespace {

// Limits as documented by each service: Cohere recommends at most 1,000 documents, Voyage takes
// 1,000 and 600,000 tokens (its first models 300,000), text-embeddings-inference 32 unless
// --max-client-batch-size is larger.
constexpr std::array<RerankService, 5> kServices{{{.name = "cohere",
                                                   .dialect = RerankDialect::cohere,
                                                   .base_url = "https://api.cohere.com",
                                                   .path = "/v2/rerank",
                                                   .key_variable = "COHERE_API_KEY",
                                                   .needs_key = true,
                                                   .model = "rerank-v3.5",
                                                   .max_documents = 1000,
                                                   .takes_max_tokens_per_document = true},
                                                  {.name = "voyage",
                                                   .dialect = RerankDialect::voyage,
                                                   .base_url = "https://api.voyageai.com/v1",
                                                   .path = "/rerank",
                                                   .key_variable = "VOYAGE_API_KEY",
                                                   .needs_key = true,
                                                   .model = "rerank-2.5",
                                                   .max_documents = 1000,
                                                   .max_tokens = 600'000,
                                                   .takes_instruction = true,
                                                   .takes_truncate = true},
                                                  {.name = "jina",
                                                   .dialect = RerankDialect::jina,
                                                   .base_url = "https://api.jina.ai",
                                                   .path = "/v1/rerank",
                                                   .key_variable = "JINA_API_KEY",
                                                   .needs_key = true,
                                                   .model = "jina-reranker-v2-base-multilingual",
                                                   .max_documents = 1000,
                                                   .takes_truncate = true},
                                                  {.name = "mixedbread",
                                                   .dialect = RerankDialect::mixedbread,
                                                   .base_url = "https://api.mixedbread.com",
                                                   .path = "/v1/reranking",
                                                   .key_variable = "MXBAI_API_KEY",
                                                   .needs_key = true,
                                                   .model = "mixedbread-ai/mxbai-rerank-large-v2",
                                                   .max_documents = 1000},
                                                  {.name = "tei",
                                                   .dialect = RerankDialect::tei,
                                                   .base_url = {},
                                                   .path = "/rerank",
                                                   .key_variable = "TEI_API_KEY",
                                                   .model = {},
                                                   .max_documents = 32,
                                                   .takes_truncate = true}}};

}  // namespace

std::span<const RerankService> rerank_services() { return kServices; }

std::size_t max_tokens_of(const RerankService& service, std::string_view model) {
  constexpr std::size_t kFirstVoyage = 300'000;
  const bool first = model == "rerank-1" || model == "rerank-lite-1";
  return service.dialect == RerankDialect::voyage && first ? kFirstVoyage : service.max_tokens;
}

const RerankService& rerank_service(std::string_view name) {
  const auto found = std::find_if(kServices.begin(), kServices.end(),
                                  [&](const RerankService& one) { return one.name == name; });
  if (found != kServices.end()) return *found;
  std::string known;
  for (const RerankService& one : kServices) {
    if (!known.empty()) known += ", ";
    known += one.name;
  }
  raise<InvalidArgument>("'{}' is no hosted reranker that is known; there are {}", name, known);
}

}  // namespace tamis
