"""Bytes to articles: files, uploads and what addresses gave, each kind by a reader of its own.

documents.py says what is read, kinds.py by which reader, fields.py what a reader finds and what is made of it.
"""

from retrieval.readers.documents import Document, document_files, documents_below
from retrieval.readers.fields import LONGEST_FIELD, LONGEST_FILE, Address, problem_of_id
from retrieval.readers.kinds import holds_many
from retrieval.readers.reading import Found, articles_of, read

__all__ = [
    "LONGEST_FIELD",
    "LONGEST_FILE",
    "Address",
    "Document",
    "Found",
    "articles_of",
    "document_files",
    "documents_below",
    "holds_many",
    "problem_of_id",
    "read",
]
