"""What hadyn says in the cluster: where Ingresses are served, what is wrong with objects, who of several says it."""
