// remote/rerank_services.cpp: what is known of each service.
#include <algorithm>
#include <array>

#include <tamis/remote/rerank_api.hpp>

namespace tamis {
namespace {

// Limits as documented by each service: Cohere recommends at most 1,000 documents, Voyage takes
// 1,000 and 600,000 tokens, text-embeddings-inference 32 unless --max-client-batch-size is larger.
constexpr std::array<RerankService, 5> kServices{{
    {"cohere", RerankDialect::cohere, "https://api.cohere.com", "/v2/rerank", "COHERE_API_KEY",
     true, "rerank-v3.5", 1000, 0},
    {"voyage", RerankDialect::voyage, "https://api.voyageai.com/v1", "/rerank", "VOYAGE_API_KEY",
     true, "rerank-2.5", 1000, 600'000},
    {"jina", RerankDialect::jina, "https://api.jina.ai", "/v1/rerank", "JINA_API_KEY", true,
     "jina-reranker-v2-base-multilingual", 1000, 0},
    {"mixedbread", RerankDialect::mixedbread, "https://api.mixedbread.com", "/v1/reranking",
     "MXBAI_API_KEY", true, "mixedbread-ai/mxbai-rerank-large-v2", 1000, 0},
    {"tei", RerankDialect::tei, "", "/rerank", "TEI_API_KEY", false, "", 32, 0},
}};

}  // namespace

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
