"""The planes' APIs (Data Mesh, chapter 10), one file each. Endpoints only delegate."""
